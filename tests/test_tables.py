"""Tables of the user's own: what each dialect, type and fault of a file or a data frame gives, and what no test row may reach."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import fallline as fl
from fallline.data.preparing import Preparation, Target
from fallline.data.preparing.closed import schema
from fallline.data.reading import Dialect, Table, read_table
from fallline.data.standardize import Standardization
from fallline.data.tables import read_data, table
from fallline.errors import DataError
from fallline.experiment.source import Files
from fallline.experiment.table_sources import Table as FileSource

PLAIN = "size,weight,kind\n1.5,2,oak\n2.5,3,ash\n3.5,10,oak\n"


def numbers(text: str, column: str = "a", **dialect: object) -> list[float]:
    return read_table(text, dialect=Dialect(**dialect))[column].numbers.tolist()


# Dialects -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b,k\n1.5,2,u\n2,3,v\n", "cells between commas, a line of names"),
        ("a;b;k\n1.5;2;u\n2;3;v\n", "cells between semicolons, a line of names"),
        ("a;b;k\n1,5;2;u\n2;3;v\n", "cells between semicolons, decimal commas, a line of names"),
        ("a\tb\tk\n1,5\t2\tu\n2\t3\tv\n", "cells between tabs, decimal commas, a line of names"),
        ("a|b|k\n1.5|2|u\n2|3|v\n", "cells between bars, a line of names"),
        ("a b k\n1.5  2 u\n  2 3 v\n", "cells between spaces, a line of names"),
        ('"a","b","k"\n"1.5","2","u"\n"2","3","v"\n', "cells between commas, a line of names"),
        (
            '"a";"b";"k"\r\n"1,5";"2";"u, w"\r\n"2";"3";"v"\r\n',
            "cells between semicolons, decimal commas, a line of names",
        ),
        (
            "a;b;k\n1.500,5;2;u\n2;3;v\n",
            "cells between semicolons, decimal commas, thousands between '.', a line of names",
        ),
        ("1,5;2;u\n2;3;v\n", "cells between semicolons, decimal commas, no line of names"),
        ("\n\na,b,k\n\n1.5,2,u\n\n2,3,v\n\n", "cells between commas, a line of names"),
    ],
)
def test_a_dialect_is_detected_and_said(text, told):
    read = read_table(text, name="t.csv")
    assert read.notes[0] == f"t.csv: {told}."
    a, b, k = read.columns.values()
    assert a.numbers.tolist() == [1500.5 if "1.500,5" in text else 1.5, 2]
    assert [a.kind, b.kind, k.kind] == ["number", "number", "text"]


def test_what_is_told_is_not_detected():
    assert numbers("a;k\n1,500;u\n2,750;v\n", decimal=",") == [1.5, 2.75]
    assert numbers("a;k\n1,500;u\n2,750;v\n", thousands=",") == [1500, 2750]
    assert numbers("a;k\n1.500;u\n2.750;v\n", thousands=".") == [1500, 2750]
    assert numbers("a;k\n1.500;u\n2.750;v\n") == [1.5, 2.75]
    assert read_table("a;b,c\n1;2,3\n4;5,6\n", dialect=Dialect(separator=",")).columns.keys() == {"a;b", "c"}
    assert len(read_table("1,2\n3,4\n", dialect=Dialect(header=False))) == 2
    assert len(read_table("1,2\n3,4\n", dialect=Dialect(header=True))) == 1
    assert read_table("a,k\n-9,u\n2,-9\n", dialect=Dialect(missing=("-9",)))["k"].texts == ["u", None]


@pytest.mark.parametrize("first", ["1,2,rose", "5.1,3.5,rose", "1,0,1", "3,4,?"])
def test_a_file_without_names_keeps_its_first_row(first):
    read = read_table(
        f"{first}\n3,4,{first[-4:]}\n7,5,{first[-4:]}\n6,6,tulip\n" if "rose" in first else f"{first}\n3,4,5\n7,5,6\n"
    )
    assert [*read.columns] == ["x1", "x2", "x3"]
    assert read["x1"].numbers[0] == float(first.split(",")[0])
    assert "no line of names" in read.notes[0]


@pytest.mark.parametrize(
    "text", ["0,1,y\n1,2,u\n3,4,v\n", "2019,2020,y\n5,6,u\n7,8,v\n", "a,b\nx,y\nz,w\n", "1st,2nd\n1,2\n3,4\n"]
)
def test_names_may_be_numbers_or_stand_above_texts(text):
    assert [*read_table(text).columns] == text.split("\n")[0].split(",")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes("größe;höhe\n1,5;klein\n2,5;groß\n".encode(encoding))
    read = read_table(path)
    assert read["höhe"].texts == ["klein", "groß"]
    assert read["größe"].numbers.tolist() == [1.5, 2.5]
    assert ("encoding" in read.notes[0]) == (not encoding.startswith("utf-8"))


def test_an_encoding_may_be_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("имя,y\nда,1\nнет,2\n".encode("koi8-r"))
    assert read_table(path, dialect=Dialect(encoding="koi8-r"))["имя"].texts == ["да", "нет"]
    for wrong in ("utf-8", "no-such", "base64"):
        with pytest.raises(DataError, match=r"encoding"):
            read_table(path, dialect=Dialect(encoding=wrong))


def test_a_first_column_that_counts_the_rows_is_left_out():
    read = read_table(",a,k\n0,1.5,u\n1,2.5,v\n2,3.5,u\n")
    assert [*read.columns] == ["a", "k"]
    assert "counts the rows; it is left out" in read.notes[1]


# Equal files give equal data ------------------------------------------------------------------------------------------


def test_every_dialect_encoding_and_frame_gives_the_same_data(tmp_path):
    pandas, polars, pyarrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    parquet = pytest.importorskip("pyarrow.parquet")
    text = "size,weight,colour,kind\n1.5,2,red,oak\n2.5,3,blue,ash\n0.1,10,red,oak\n1e-3,4,blue,oak\n"
    expected = table(text, "t.csv", "kind")
    path = tmp_path / "t.csv"
    path.write_text(text)
    frame = pandas.read_csv(path)
    for content in (text.replace(",", ";"), text.replace(",", "\t"), text.replace(",", ";").replace(".", ",")):
        assert table(content, "t.csv", "kind") == expected
    arrow = pyarrow.Table.from_pandas(frame)
    parquet.write_table(arrow, tmp_path / "t.parquet")
    frames = (
        frame,
        frame.astype({"colour": "category"}),
        polars.from_arrow(arrow),
        polars.from_arrow(arrow).lazy(),
        arrow,
    )
    for source in (path, tmp_path / "t.parquet", *frames):
        assert read_data(source, "kind", name="t") == expected


def test_numbers_have_the_bits_that_python_reads():
    values = np.random.default_rng(0).normal(size=300) * 10.0 ** np.arange(-150, 150)
    texts = [repr(v) for v in values.tolist()]
    for form in (lambda t: t, lambda t: t.replace(".", ",")):
        text = "a;k\n" + "".join(f"{form(t)};{'u' if k % 2 else 'v'}\n" for k, t in enumerate(texts))
        assert read_table(text)["a"].numbers.tobytes() == values.tobytes()


# Faults of an earlier reader, each of which went unnoticed ------------------------------------------------------------


@pytest.mark.parametrize("cell", ["NA", "?", "nan", "NaN", "None", "", "NULL", "N/A"])
@pytest.mark.parametrize("others", [("1", "2"), ("u", "v"), ("0.5", "1.5")])
def test_a_missing_target_is_no_class(cell, others):
    with pytest.raises(DataError, match=r"t\.csv, line 3, column 'k': the target is missing.*line 5"):
        table(f"a,k\n1,{others[0]}\n2,{cell}\n3,{others[1]}\n4,{cell}\n", "t.csv", "k")


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity", "1e999"])
def test_an_infinite_target_is_no_class(cell):
    with pytest.raises(
        DataError, match=r"line 3, column 'k': a cell must be a finite number; got .*Infinite values cannot"
    ):
        table(f"a,k\n1,1\n2,{cell}\n3,2\n", "t.csv", "k")


def test_a_number_with_a_comma_among_targets_is_no_class():
    with pytest.raises(DataError, match=r"line 3, column 'k'.*got '1,234'.*It may be 1\.234 or 1234: say which"):
        table('a,k\n1,1\n2,"1,234"\n3,2\n', "t.csv", "k")
    with pytest.raises(DataError, match=r"line 3, column 'k'.*got 'x'.*If these are names of classes, say so"):
        table("a,k\n1,1\n2,x\n3,2\n", "t.csv", "k")
    assert table("a,k\n1,1\n2,x\n3,2\n", "t.csv", "k", task="classification").classes == ("1", "2", "x")


def test_equal_numbers_are_one_class():
    data = table("a,k\n1,1\n2,1.0\n3,01\n4,+1\n5,0\n", "t.csv", "k")
    assert data.classes == ("0", "1")
    assert data.labels.tolist() == [1, 1, 1, 1, 0]
    assert table("a,k\n1,1.0\n2,0.0\n", "t.csv", "k").classes == ("0.0", "1.0")  # as the file spells them


def test_whole_numbers_are_learned_as_values_on_request():
    text = "a,k\n1,3\n2,4\n3,8\n"
    assert table(text, "t.csv", "k").classes == ("3", "4", "8")
    assert "task 'regression' learns them as values" in table(text, "t.csv", "k").notes[1]
    assert table(text, "t.csv", "k", task="regression").T.tolist() == [[3], [4], [8]]
    assert table("a,k\n1,0.5\n2,1.5\n", "t.csv", "k", task="classification").classes == ("0.5", "1.5")
    with pytest.raises(DataError, match="a cell must be a finite number; got 'u'"):
        table("a,k\n1,u\n2,v\n", "t.csv", "k", task="regression")


@pytest.mark.parametrize("value", [14.62, 0.1, -3e300, 5e-324])
@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_a_constant_column_has_no_scale(value, scaling):
    """The mean of 14.62s differs from 14.62 by rounding: divided by that deviation, it would be +1 everywhere."""
    text = (
        f"a,b,k\n{value!r},1,u\n{value!r},2,v\n{float(np.nextafter(value, 0))!r},3,v\n"
        if abs(value) > 1
        else f"a,b,k\n{value!r},1,u\n{value!r},2,v\n"
    )
    preparation = Preparation.of(read_table(text, name="t.csv"), ["a", "b"], scaling=scaling)
    assert preparation.names == ("b",)
    assert "in every training row; it is left out" in preparation.notes[0]


def test_a_workbook_and_bytes_of_no_text_are_refused(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "t.csv", "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(DataError, match=r"t\.csv is a workbook or an archive, not text"):
        read_table(tmp_path / "t.csv")


# Types ----------------------------------------------------------------------------------------------------------------


def test_a_category_is_one_hot_and_an_unknown_one_is_none_of_them():
    read = read_table("a,c,k\n1,red,u\n2,blue,v\n3,red,v\n")
    fitted = Preparation.of(read, ["a", "c"])
    assert fitted.names == ("a", "c=blue", "c=red")
    assert fitted(read).tolist() == [[1, 0, 1], [2, 1, 0], [3, 0, 1]]
    new = read_table("c,a\ngreen,4\nblue,5\n", name="new.csv")
    assert fitted(new).tolist() == [[4, 0, 0], [5, 1, 0]]
    assert fitted.unseen(new) == ["new.csv, column 'c': no training row had green (line 2)."]


def test_numbers_may_be_categories():
    fitted = Preparation.of(read_table("a,zip\n1,100\n2,200\n3,100.0\n"), categories=["zip"])
    assert fitted.names == ("a", "zip=100", "zip=200")
    pandas = pytest.importorskip("pandas")
    assert fitted(read_table(pandas.DataFrame({"a": [1], "zip": [200.0]}))).tolist() == [[1, 0, 1]]


@pytest.mark.parametrize(
    "cell", ["2024-01-31", "31.01.2024", "1/31/2024", "2024-01-31 12:00", "2024-01-31T12:00:01Z", "12:30"]
)
def test_dates_are_refused_in_words(cell):
    with pytest.raises(DataError, match=r"column 'when': it holds dates or times, such as .*leave the column out"):
        table(f"when,a,k\n{cell},1,u\n{cell},2,v\n", "t.csv", "k")


def test_dates_of_a_frame_are_refused_and_so_are_lists():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"when": pandas.to_datetime(["2024-01-31", "2024-02-01"]), "k": ["u", "v"]})
    with pytest.raises(DataError, match="the table, column 'when': it holds dates"):
        read_data(frame, "k")
    with pytest.raises(DataError, match="cells must be numbers or texts"):
        read_data(pandas.DataFrame({"a": [[1], [2]], "k": ["u", "v"]}), "k")


def test_a_text_that_names_the_rows_is_no_category():
    rows = "".join(f"flower {k},{k},{'u' if k % 2 else 'v'}\n" for k in range(30))
    with pytest.raises(
        DataError, match=r"column 'name': it has 30 different texts in 30 rows.*too many for a category"
    ):
        table(f"name,a,k\n{rows}", "t.csv", "k")


def test_several_targets():
    text = "a,p,q\n1,0,1\n2,1,1\n3,1,0\n"
    assert table(text, "t.csv", ("p", "q")).T.tolist() == [[0, 1], [1, 1], [1, 0]]
    read = read_table(text)
    assert Target.of(read, ("p", "q")).task == "classification"
    assert Target.of(read, ("a", "q")).task == "regression"
    with pytest.raises(DataError, match="labels only if all cells are 0 or 1"):
        Target.of(read, ("a", "q"), "classification")


def test_weights_are_a_column():
    read = read_table("a,w\n1,0.5\n2,2\n", name="t.csv")
    assert read.weights("w").tolist() == [0.5, 2]
    for wrong, sentence in (
        ("1,-1\n2,2", "line 2, column 'w': a weight must be"),
        ("1,0\n2,0", "all are 0"),
        ("1,x\n2,2", "got x"),
    ):
        with pytest.raises(DataError, match=sentence):
            read_table(f"a,w\n{wrong}\n", name="t.csv", dialect=Dialect(header=True)).weights("w")


def test_an_input_that_is_the_target_is_warned_about():
    rows = "".join(f"{k},{k % 2},{'u' if k % 2 else 'v'},{k * 0.5}\n" for k in range(12))
    data = table(f"a,leak,k,half\n{rows}", "t.csv", "k")
    assert [note for note in data.notes if "it tells the target" in note] == [
        "t.csv, column 'leak': it tells the target 'k' in every row. Leave it out if it is not known beforehand."
    ]


# Missing cells --------------------------------------------------------------------------------------------------------

GAPS = "a,c,k\n1,red,u\nNA,red,v\n3,,v\n8,blue,u\n"


def test_missing_cells_are_refused_with_row_and_column():
    with pytest.raises(DataError) as caught:
        table(GAPS, "t.csv", "k")
    assert "t.csv, line 3, column 'a': a cell is missing ('NA')." in str(caught.value)
    assert "t.csv, line 4, column 'c': a cell is missing." in str(caught.value)


def test_missing_cells_are_imputed_on_request():
    data = table(GAPS, "t.csv", "k", missing="impute")
    assert data.columns == ("a", "a is missing", "c=blue", "c=red", "c is missing")
    assert data.X.tolist() == [[1, 0, 0, 1, 0], [3, 1, 0, 1, 0], [3, 0, 0, 1, 1], [8, 0, 1, 0, 0]]
    assert "t.csv, column 'a': 1 missing cell of 4 became the median, 3; a further input tells which." in data.notes


def test_new_rows_may_have_gaps_where_the_training_rows_had_none():
    fitted = Preparation.of(read_table("a,c\n1,red\n5,blue\n6,red\n"), missing="impute")
    assert fitted.names == ("a", "c=blue", "c=red")
    assert fitted(read_table("a,c\nNA,?\n")).tolist() == [[5, 0, 1]]
    strict = Preparation.of(read_table("a,c\n1,red\n5,blue\n"))
    with pytest.raises(DataError, match=r"new\.csv, line 2, column 'a': a cell is missing"):
        strict(read_table("a,c\nNA,red\n", name="new.csv"))


# No test row reaches a statistic --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scaling", ["none", "standard", "robust"])
def test_no_other_row_has_a_part_in_a_statistic(scaling):
    """Whatever stands in rows that are not trained on, the fitted preparation is the same."""
    rng = np.random.default_rng(3)
    rows = np.arange(12) % 3 > 0
    fitted = set()
    for _ in range(5):
        lines = [f"{k * k},{'red' if k % 2 else 'blue'}" for k in range(12)]
        lines = [
            line if kept else f"{rng.normal() * 1e6!r},{'abcdef'[rng.integers(6)]}"
            for line, kept in zip(lines, rows, strict=True)
        ]
        read = read_table("a,c\n" + "\n".join(lines) + "\n")
        fitted.add(json.dumps(Preparation.of(read, rows=rows, scaling=scaling, missing="impute").to_json()))
    assert len(fitted) == 1


def test_a_study_imputes_by_the_rows_that_it_trains_on(tmp_path):
    lines = [f"{'NA' if k == 2 else k * k},{'u' if k % 2 else 'v'}" for k in range(20)]
    (tmp_path / "t.csv").write_text("a,k\n" + "\n".join(lines) + "\n")
    source = FileSource(file="t.csv", target="k", missing="impute", test_share=0.3, split_seed=4, standardize=True)
    data = source.build(Files(tmp_path))
    assert (len(data), len(data.test)) == (14, 6)
    assert abs(data.X[:, 0].mean()) < 1e-12
    again = fl.read_data(tmp_path / "t.csv", "k", missing="impute", test_share=0.3, split_seed=4).standardized()
    assert again == data
    kept = [float(line.split(",")[0]) for line in lines if "NA" not in line]
    assert fl.read_data(tmp_path / "t.csv", "k", missing="impute").X[2, 0] == np.median(kept)


# The preparation as a file --------------------------------------------------------------------------------------------


def test_a_preparation_is_written_and_read_to_the_bit():
    rng = np.random.default_rng(1)
    rows = "".join(
        f"{v!r},{'NA' if k % 7 == 0 else repr(v * 1e200)},{'rgb'[k % 3]}\n"
        for k, v in enumerate(rng.normal(size=40).tolist())
    )
    read = read_table("a,b,c\n" + rows)
    for scaling in ("none", "standard", "robust"):
        fitted = Preparation.of(read, scaling=scaling, missing="impute")
        again = Preparation.from_json(json.loads(json.dumps(fitted.to_json())))
        assert again == fitted
        assert again(read).tobytes() == fitted(read).tobytes()
        jsonschema = pytest.importorskip("jsonschema")
        jsonschema.validate(fitted.to_json(), schema())


@pytest.mark.parametrize(
    "plain",
    [
        {}, {"inputs": []}, {"inputs": [{"kind": "code", "column": "a"}]}, {"inputs": [{"kind": "number"}]}, [],
        {"inputs": [{"kind": "number", "column": "a", "fill": math.inf}]}, {"inputs": [{"kind": "number", "column": 3}]},
        {"inputs": [{"kind": "category", "column": "a", "levels": ["u", "u"]}]},
        {"inputs": [{"kind": "category", "column": "a", "levels": ["u"], "fill": "v"}]},
        {"inputs": [{"kind": "indicator", "column": "a"}], "more": 1},
        {"inputs": [{"kind": "number", "column": "a", "scale": {"exponent": 0, "centre": 0.0, "width": 0.0, "smooth": False}}]},
    ],
)  # fmt: skip
def test_a_preparation_of_another_form_is_refused(plain):
    with pytest.raises(DataError, match="a preparation's"):
        Preparation.from_json(plain)


def test_standard_scales_are_those_of_a_data_set():
    X = np.random.default_rng(0).normal(3, 5, size=(30, 2))
    read = read_table("a,b\n" + "".join(f"{a!r},{b!r}\n" for a, b in X.tolist()))
    np.testing.assert_array_equal(Preparation.of(read, scaling="standard")(read), Standardization.of(X, "ab", "t")(X))


def test_robust_scales_are_those_of_the_quartiles_clipped_smoothly():
    x = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    read = read_table("a\n" + "".join(f"{v!r}\n" for v in x.tolist()))
    z = (x - 3) / (4 - 2)
    np.testing.assert_allclose(
        Preparation.of(read, scaling="robust")(read)[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-14
    )


# Where tables are taken -----------------------------------------------------------------------------------------------


def test_a_table_is_taken_wherever_a_network_takes_data(tmp_path):
    (tmp_path / "t.csv").write_text(PLAIN)
    pandas = pytest.importorskip("pandas")
    frame, plane = (
        pandas.read_csv(tmp_path / "t.csv"),
        {"x": "learning_rate=0.1..1", "y": "seed=0..1", "size": 2, "steps": 2},
    )
    maps = [
        fl.map("2-2-2", data=frame, target="kind", **plane), fl.map("2-2-2", (frame, "kind"), **plane),
        fl.map("2-2-2", (frame[["size", "weight"]], frame["kind"]), **plane), fl.map("2-2-2", tmp_path / "t.csv", target="kind", **plane),
    ]  # fmt: skip
    assert len({m.values.tobytes() for m in maps}) == 1
    assert fl.descend("2-2-2", str(tmp_path / "t.csv"), "adam", target="kind", steps=3).steps == 3
    assert fl.compare("2-2-2", (frame, "kind"), ["adam"], starts=2, steps=2)
    assert fl.objective("2-2-2", read_table(tmp_path / "t.csv"), target="kind").data.classes == ("ash", "oak")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: fl.objective("2-2-2", "flowers.csv"), "a table needs the column to learn"),
        (lambda: fl.objective("booth", target="a"), "target names the column to learn of a table"),
        (lambda: fl.objective("2-2-2", ([[1, 2]], [0]), target="a"), "target names the column to learn of a table"),
        (lambda: fl.objective("2-2-2", "absent.csv", target="a"), r"absent\.csv cannot be read"),
    ],
)
def test_a_table_without_its_target_is_refused(call, sentence):
    with pytest.raises(fl.FalllineError, match=sentence):
        call()


def test_tables_are_shown():
    assert isinstance(read_table(PLAIN), Table)
    assert repr(read_table(PLAIN, name="t.csv")) == "Table('t.csv', 3 rows; size: number, weight: number, kind: text)"
