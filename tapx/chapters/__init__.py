"""The book's machinery: claims and the pages made of them, notebooks, runs, records.

Imports no mathematics: a chapter hands over what it shows. Stands on ``checks``,
``decimals``, ``witnesses`` and ``show``.
"""
