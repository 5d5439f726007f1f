"""The withdrawn claims, as the page of corrections lists them."""

import small_site
import yaml

LEDGER = small_site.EXTENSIONS.parent / "withdrawn.yml"


def test_every_withdrawn_claim_is_listed_with_its_reason(tmp_path):
    page = "# Gone\n\n```{withdrawn-claims}\n```\n\n```{toctree}\ntwo\n```\n"
    done = small_site.build(tmp_path, "withdrawn", index=page)
    assert done.returncode == 0, done.stderr
    shown = small_site.page(tmp_path, "index").find("dl", class_="withdrawn")
    listed = {
        claim: said.get_text().lower()
        for said in shown.find_all("dt")
        for claim in said.find_next_sibling("dd").get_text().split(", ")
    }
    withdrawn = yaml.safe_load(LEDGER.read_text())
    assert {c.strip(): reason for c, reason in listed.items()} == {
        claim: reason.lower() for claim, reason in withdrawn.items()
    }
