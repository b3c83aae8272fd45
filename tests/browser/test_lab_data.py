"""The data of a network in the lab: samples for the test, input features, and CSV files that are dismissed or wrong."""

from __future__ import annotations

from tests.browser.test_lab_controls import choose, type_in

GOOD = "a;b;kind\n" + "\n".join(f"{k % 7};{k % 5};{'yes' if k % 3 else 'no'}" for k in range(20)) + "\n"


def test_samples_are_kept_for_the_test(lab):
    lab.pin(0.003, 0.5)
    before, curve = lab.pixels(), lab.pixels(".curve")
    gap = lab.page.locator(".table-box th", has_text="generalization gap")
    assert gap.count() == 0
    type_in(lab, "data.test_share", "0.3")
    gap.wait_for()
    assert lab.pixels() != before
    assert lab.pixels(".curve") != curve
    choose(lab, "data.name", "two moons")
    assert lab.state["data"]["test_share"] == 0.3  # a split belongs to every set


def test_features_are_switched(lab):
    features = lab.page.locator('[data-key="data.features"]')
    features.get_by_text("x₁²", exact=True).click()
    lab.ready()
    assert lab.state["data"]["features"] == ["x1", "x2", "x1^2"]
    assert lab.state["objective"]["units"][0] == 3
    lab.until("[...document.querySelectorAll('.regions')].some(c => c.clientWidth > 0)")
    for label in ("x₁", "x₂"):
        features.get_by_text(label, exact=True).click()
        lab.ready()
    features.get_by_text("x₁²", exact=True).click()  # the last one stays: a network has at least one input
    lab.ready()
    assert lab.state["data"]["features"] == ["x1^2"]
    assert features.locator("input:checked").count() == 1
    for label in ("x₁", "x₂", "x₁²"):
        features.get_by_text(label, exact=True).click()
        lab.ready()
    assert lab.state["data"]["features"] == []
    assert "objective" not in lab.state  # two inputs, as before


def test_a_dismissed_file_leaves_the_data_as_they_are(lab):
    source = lab.page.locator('[data-key="data.kind"]')
    with lab.page.expect_file_chooser():
        source.get_by_text("CSV", exact=True).click()
    lab.page.locator(".notice").first.get_by_label("Close").click()
    assert source.get_by_label("generated").is_checked()
    assert not source.get_by_label("CSV").is_checked()


def test_a_file_with_faults_is_told_and_the_one_before_stays(lab, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(GOOD)
    bad.write_text("a,b,kind\n1,2\n3,4,x\n")
    with lab.page.expect_file_chooser() as asked:
        lab.page.locator('[data-key="data.kind"]').get_by_text("CSV", exact=True).click()
    asked.value.set_files(bad)
    lab.until("document.querySelector('.notice').textContent.includes('a row must have 3 cells')")
    assert lab.page.locator('[data-key="data.kind"]').get_by_label("generated").is_checked()
    with lab.page.expect_file_chooser() as asked:
        lab.page.locator('[data-key="data.kind"]').get_by_text("CSV", exact=True).click()
    asked.value.set_files(good)
    lab.says('"kind": "table"')
    kept = lab.state["data"]["digest"]
    lab.page.locator('[data-focus="data.digest"]').set_input_files(bad)
    lab.until("document.querySelector('.notice').textContent.includes('a row must have 3 cells')")
    assert lab.state["data"]["digest"] == kept
    bad.write_text("a,b,kind\n1,NA,yes\n2,x,no\n3,4,no\n")
    lab.page.locator('[data-focus="data.digest"]').set_input_files([])
    lab.page.locator('[data-focus="data.digest"]').set_input_files(bad)
    lab.until("document.querySelector('.refusal')?.textContent.includes(\"a cell is missing ('NA')\")")
    assert lab.state["data"]["digest"] == kept
    assert not lab.page.locator(".notice").first.is_visible()  # it does not promise what was refused
