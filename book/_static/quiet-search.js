/* From files a browser may not read the pages that a search found, so none is summed up.
   A classic script, so that it runs from a file too. */
if (window.location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
