"""Kinds of files that people have, and what every reader must say to each."""

from __future__ import annotations

from pysonar.protocol.schema import (
    Schema,
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    output_schema,
)

SCHEMA = Schema(
    input_schema(
        {
            "a": number_field((0, 10)),
            "b": integer_field((0, 10)),
            "ok": boolean_field(),
            "c": category_field(["x", "y"]),
        }
    ),
    output_schema("kind", class_label(["setosa", "virginica"])),
)
HEAD, ROW = "a,b,ok,c,kind", "1.5,2,true,x,setosa"
NOTE = HEAD + ",note"


def table(*rows: str, head: str = HEAD, end: str = "\n") -> bytes:
    """A file of lines."""
    return (end.join([head, *rows]) + end).encode()


READABLE: dict[str, tuple[bytes, float, int]] = {
    # name: content, the first record's `a`, records
    "plain": (table(ROW), 1.5, 1),
    "bom": (b"\xef\xbb\xbf" + table(ROW), 1.5, 1),
    "bom_quoted_header": (b"\xef\xbb\xbf" + table(ROW, head='"a","b","ok","c","kind"'), 1.5, 1),
    "utf16_excel_unicode_text": (table(ROW).decode().encode("utf-16"), 1.5, 1),
    "cp1252_whole": (table(ROW + ",5", head=HEAD + ",Größe").decode().encode("cp1252"), 1.5, 1),
    "semicolons": (table(ROW.replace(",", ";"), head=HEAD.replace(",", ";")), 1.5, 1),
    "semicolons_decimal_comma": (table("1,5;2;true;x;setosa", head=HEAD.replace(",", ";")), 1.5, 1),
    "tabs": (table(ROW.replace(",", "\t"), head=HEAD.replace(",", "\t")), 1.5, 1),
    "excel_sep_line": (b"sep=,\n" + table(ROW), 1.5, 1),
    "decimal_comma_quoted": (table('"1,5",2,true,x,setosa'), 1.5, 1),
    "pandas_index": (table("0," + ROW, head="," + HEAD), 1.5, 1),
    "trailing_comma": (table(ROW + ",", head=HEAD + ","), 1.5, 1),
    "two_trailing_commas": (table(ROW + ",,", head=HEAD + ",,"), 1.5, 1),
    "dup_unneeded_header": (table(ROW + ",7,8", head=HEAD + ",note,note"), 1.5, 1),
    "header_space": (table(ROW, head="a, b, ok, c, kind"), 1.5, 1),
    "header_trailing_space": (table(ROW, head="a ,b,ok,c,kind"), 1.5, 1),
    "values_space": (table("1.5, 2, true, x, setosa"), 1.5, 1),
    "crlf": (table(ROW, end="\r\n"), 1.5, 1),
    "cr_only": (table(ROW, end="\r"), 1.5, 1),
    "no_final_newline": (table(ROW)[:-1], 1.5, 1),
    "blank_first_line": (b"\n" + table(ROW), 1.5, 1),
    "blank_lines_inside": (table(ROW, "", ROW), 1.5, 2),
    "row_of_commas": (table(ROW, ",,,,"), 1.5, 1),
    "comment_first": (b"# exported 2026\n" + table(ROW), 1.5, 1),
    "plus_sign": (table("+1.5,+2,true,x,setosa"), 1.5, 1),
    "leading_dot": (table(".5,2,true,x,setosa"), 0.5, 1),
    "trailing_dot": (table("5.,2,true,x,setosa"), 5.0, 1),
    "int_as_float": (table("1.5,2.0,true,x,setosa"), 1.5, 1),
    "bool_as_float": (table("1.5,2,1.0,x,setosa"), 1.5, 1),
    "bool_yes": (table("1.5,2,yes,x,setosa"), 1.5, 1),
    "bool_T": (table("1.5,2,T,x,setosa"), 1.5, 1),
    "bool_TRUE": (table("1.5,2,TRUE,x,setosa"), 1.5, 1),
    "exp": (table("1.5E+00,2e0,true,x,setosa"), 1.5, 1),
    "thousands": (table('"1,500.0",2,true,x,setosa'), 1500.0, 1),
    "percent": (table("15%,2,true,x,setosa"), 0.15, 1),
    "nbsp": (table("1.5,2,true,x,setosa\u00a0"), 1.5, 1),
    "quoted_newline_other": (table(ROW + ',"two\nlines"', ROW + ",z", head=NOTE), 1.5, 2),
    "stray_quote": (table(ROW + ',5" pipe', head=NOTE), 1.5, 1),
    "nul": (table(ROW + ",a\0b", head=NOTE), 1.5, 1),
    "ctrl_z": (table(ROW) + b"\x1a", 1.5, 1),
    "nul_padding": (table(ROW) + b"\0" * 64, 1.5, 1),
    "cell_200k_other": (table(ROW + "," + "n" * 200_000, head=NOTE), 1.5, 1),
    "cell_1500k_other": (table(ROW + "," + "n" * 1_500_000, ROW + ",z", head=NOTE), 1.5, 2),
    "cell_3000k_second": (
        table(*[ROW + ",z"] * 50, ROW + "," + "n" * 3_000_000, ROW + ",z", head=NOTE), 1.5, 52,
    ),
    "wide_100k_columns": (
        table(*[ROW + ",1.25" * 100_000] * 2, head=HEAD + "".join(f",gene_{i}" for i in range(100_000))),
        1.5, 2,
    ),
    "wide_250k_columns": (
        table(*[ROW + ",1.25" * 250_000] * 2, head=HEAD + "".join(f",g{i}" for i in range(250_000))), 1.5, 2,
    ),
    "nfd_header": (table(ROW + ",1", head=HEAD + ",Gro\u0308ße"), 1.5, 1),
}  # fmt: skip

REFUSED: dict[str, tuple[bytes, str]] = {
    # name: content, words of the refusal
    "cp1252": (
        table(ROW, head=HEAD + ",Größe").decode().encode("cp1252"), "row 2 has 5 cells; 6 are expected",
    ),
    "dup_needed_header": (
        table(ROW + ",7", head=HEAD + ",a"), r"column 'a' appears 2 times \(columns 1, 6\)",
    ),
    "header_case": (
        table(ROW, head="A,B,OK,C,Kind"), "'A' is not 'a'.*no column 'a', 'b', 'ok', 'c', 'kind'",
    ),
    "hex": (table("0x1p3,2,true,x,setosa"), "row 2, column 'a' is '0x1p3'"),
    "underscore": (table("1_5,2,true,x,setosa"), "row 2, column 'a' is '1_5'"),
    "NaN": (table("NaN,2,true,x,setosa"), "row 2, column 'a' is missing"),
    "NA": (table("NA,2,true,x,setosa"), "row 2, column 'a' is missing"),
    "inf": (table("inf,2,true,x,setosa"), "row 2, column 'a' is 'inf'"),
    "1e999": (table("1e999,2,true,x,setosa"), "row 2, column 'a' is '1e999'"),
    "zwsp": (table("1.5,2,true,x,setosa\u200b"), r"row 2, column 'kind' is 'setosa\\u200b'"),
    "big_int": (table("1.5,9007199254740993,true,x,setosa"), "row 2, column 'b' is '9007199254740993'"),
    "bigger_int": (table("1.5,123456789012345678901,true,x,setosa"), "row 2, column 'b'"),
    "empty_cell_needed": (table("1.5,,true,x,setosa"), "row 2, column 'b' is missing"),
    "short_row": (table(ROW, "1.5,2"), "row 3 has 2 cells; 5 are expected"),
    "long_row": (table(ROW, ROW + ",9"), "row 3 has 6 cells; 5 are expected"),
    "quoted_newline_other_bad_row3": (
        table(ROW + ',"two\nlines"', "oops,2,true,x,setosa,z", head=NOTE), "row 3, column 'a' is 'oops'",
    ),
    "quote_then_text": (table(ROW + ',"a"b', head=NOTE), "row 2: text follows a closing quote"),
    "backslash_quote": (table(ROW + ',"say \\"hi\\""', head=NOTE), "row 2: text follows a closing quote"),
    "open_quote": (
        table(ROW + ',"never closed', ROW + ",z", head=NOTE), "row 2: a quote is opened and never closed",
    ),
    "html_instead": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
    "zip_xlsx": (b"PK\x03\x04" + bytes(range(256)) * 8, "Excel workbook"),
    "json_lines": (b'{"a": 1}\n{"a": 2}\n', r"JSON; give it the ending \.jsonl"),
    "empty": (b"", "the file is empty"),
    "only_header": (table(), "no record follows the header line"),
    "only_bom": (b"\xef\xbb\xbf", "the file is empty"),
}  # fmt: skip
