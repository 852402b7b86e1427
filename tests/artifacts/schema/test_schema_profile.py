"""The profile of JSON Schema: what a spec may say about records, and what is refused and how."""

import contextlib
import copy

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysonar.protocol.schema import (
    ProfileError,
    Schema,
    boolean_field,
    category_field,
    class_label,
    input_schema,
    integer_field,
    number_field,
    number_label,
    output_schema,
)

INPUT = input_schema(
    {
        "z_last_by_name": number_field((0, 16), scale=16),
        "age": integer_field((0, 120), center=40, scale=20),
        "member": boolean_field(),
        "colour": category_field(["red", "green", "blue"]),
        "wheels": category_field([4, 2]),
    }
)
OUTPUT = output_schema("digit", class_label([0, 1, 2]))


def changed(document, path, value):
    """A copy of the document with one place set, or removed if the value is `...`."""
    copied = copy.deepcopy(document)
    place = copied
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copied


def test_order_of_columns_is_the_order_of_fields_not_of_names():
    schema = Schema(INPUT, OUTPUT)
    assert schema.field_names == ("z_last_by_name", "age", "member", "colour", "wheels")
    assert schema.n_features == 8
    assert (schema.label_name, schema.classes) == ("digit", (0, 1, 2))
    turned = changed(
        changed(INPUT, ["openmined", "fields"], INPUT["required"][::-1]),
        ["required"],
        INPUT["required"][::-1],
    )
    assert Schema(turned, OUTPUT).field_names == schema.field_names[::-1]


def test_documents_are_json_schema_and_mean_what_they_say():
    validator = jsonschema_rs.Draft202012Validator(INPUT)
    record = {"z_last_by_name": 3.5, "age": 7, "member": True, "colour": "red", "wheels": 4}
    assert validator.is_valid(record)
    assert not validator.is_valid({**record, "colour": "pink"})
    assert not validator.is_valid({name: value for name, value in record.items() if name != "age"})


def test_a_number_as_label():
    schema = Schema(INPUT, output_schema("price", number_label((0, 100), center=50, scale=50)))
    assert schema.classes is None


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["type"], "array", "input_schema.type"),
        (["type"], ..., "input_schema.type is None; a value"),
        (["properties"], {}, "1 to 4096 fields"),
        (["required"], ["age"], "the same list as openmined.fields"),
        (["required"], ..., "input_schema.required"),
        (["openmined"], {}, "openmined.fields"),
        (["openmined", "fields"], ["age"], "every name in `properties`"),
        (["openmined", "fields"], "age", "a list of field names"),
        (["openmined", "order"], [], "input_schema.openmined.order"),
        (["additionalProperties"], False, "no such keyword"),
        (["$ref"], "https://example.org/schema", "no such keyword"),
        (["$defs"], {}, "no such keyword"),
        (["$schema"], "http://json-schema.org/draft-07/schema#", "2020-12"),
        (["title"], 5, "input_schema.title"),
        (["title"], "x" * 2001, "at most 2000"),
        (["properties", "age"], 5, "an object"),
        (["properties", "age", "openmined"], ..., "properties.age.openmined"),
        (["properties", "age", "openmined"], [], "one of number, integer"),
        (["properties", "age", "openmined", "kind"], "words", "one of number, integer"),
        (["properties", "age", "openmined", "kind"], "label", "one of number, integer"),
        (["properties", "age", "openmined", "kind"], ["integer"], "one of number, integer"),
        (["properties", "age", "type"], "number", "integer for kind integer"),
        (["properties", "age", "type"], ["integer", "null"], "integer for kind integer"),
        (["properties", "age", "minimum"], 0, "no such keyword"),
        (["properties", "age", "enum"], [1, 2], "no enum for a number"),
        (["properties", "age", "openmined", "clip"], ..., "openmined.clip"),
        (["properties", "age", "openmined", "clip"], [0], r"\[lowest, highest\]"),
        (["properties", "age", "openmined", "clip"], [5, 5], "lowest < highest"),
        (["properties", "age", "openmined", "clip"], [0, "9"], "a finite number"),
        (["properties", "age", "openmined", "clip"], [0, True], "a finite number"),
        (["properties", "age", "openmined", "clip"], [0, float("inf")], "a finite number"),
        (["properties", "age", "openmined", "clip"], [0, 1e16], "at most 1e"),
        (["properties", "age", "openmined", "encode"], 3, "an object"),
        (["properties", "age", "openmined", "encode", "scale"], 0, "encode.scale"),
        (["properties", "age", "openmined", "encode", "scale"], -1, "encode.scale"),
        (["properties", "age", "openmined", "encode", "scale"], 1e-14, "encoded values of at most"),
        (["properties", "age", "openmined", "encode", "center"], None, "encode.center"),
        (["properties", "age", "openmined", "encode", "log"], True, "no such keyword"),
        (["properties", "age", "openmined", "unit"], 3, "openmined.unit"),
        (["properties", "member", "enum"], [False, True], "no enum for a boolean"),
        (["properties", "member", "type"], "integer", "boolean for kind boolean"),
        (["properties", "colour", "enum"], ..., "2 to 1024"),
        (["properties", "colour", "enum"], ["red"], "2 to 1024"),
        (["properties", "colour", "enum"], ["red", "red"], "values that differ"),
        (["properties", "colour", "enum"], ["red", 5], "type string"),
        (["properties", "colour", "enum"], ["red", ""], "1 to 128 characters"),
        (["properties", "colour", "enum"], ["red", " green"], "no spaces around"),
        (["properties", "wheels", "enum"], [4, 2.0], "type integer"),
        (["properties", "wheels", "enum"], [4, True], "type integer"),
        (["properties", "wheels", "enum"], [4, 10**16], "at most 1e"),
        (["properties", "colour", "openmined", "clip"], [0, 1], "no such keyword"),
    ],
)
def test_input_schema_refuses(path, value, says):
    with pytest.raises(ProfileError, match=says) as caught:
        Schema(changed(INPUT, path, value), OUTPUT)
    assert caught.value.path.startswith("input_schema")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["properties", "digit", "openmined", "kind"], "category", "one of label"),
        (["properties", "digit", "enum"], ["a", "b"], "type integer"),
        (["properties", "digit", "enum"], [1], "2 to 1024"),
        (["properties", "digit", "type"], "object", "string or integer or boolean or number"),
        (["properties", "digit"], {**class_label([False, True]), "enum": [True, False]}, "in that order"),
        (["properties", "digit"], {**number_label((0, 1)), "enum": [1, 2]}, "no enum"),
    ],
)
def test_output_schema_refuses(path, value, says):
    with pytest.raises(ProfileError, match=says) as caught:
        Schema(INPUT, changed(OUTPUT, path, value))
    assert caught.value.path.startswith("output_schema")


def test_exactly_one_label_that_is_no_input():
    two = input_schema({"a": number_field((0, 1)), "b": number_field((0, 1))})
    with pytest.raises(ProfileError, match="exactly one label"):
        Schema(INPUT, two)
    with pytest.raises(ProfileError, match="not also an input"):
        Schema(INPUT, output_schema("age", class_label([0, 1])))


@pytest.mark.parametrize("name", ["", " a", "a\nb", "x" * 129])
def test_field_names(name):
    with pytest.raises(ProfileError, match="names of 1 to 128"):
        input_schema({name: boolean_field()})


def test_names_and_enums_at_their_bounds():
    assert Schema(input_schema({"x" * 128: category_field(list(range(1024)))}), OUTPUT).n_features == 1024
    with pytest.raises(ProfileError, match="2 to 1024"):
        input_schema({"x": category_field(list(range(1025)))})
    wide = {f"c{i}": category_field(list(range(1024))) for i in range(65)}
    with pytest.raises(ProfileError, match="at most 65536 columns"):
        input_schema(wide)


@pytest.mark.parametrize("values", [["a", 1], [1.5, 2.5], [], [None, None]])
def test_builders_refuse_mixed_values(values):
    with pytest.raises(ProfileError, match="all texts"):
        class_label(values)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(JUNK)
def test_any_document_gives_a_typed_error(document):
    for pair in ((document, OUTPUT), (INPUT, document)):
        with pytest.raises(ProfileError):
            Schema(*pair)


PATHS = (
    [["properties", "age", key] for key in ("type", "openmined", "title", "enum")]
    + [["properties", "age", "openmined", key] for key in ("kind", "clip", "encode", "unit")]
    + [
        ["properties", "colour", "enum"],
        ["type"],
        ["required"],
        ["openmined"],
        ["openmined", "fields"],
        ["title"],
    ]
)


@given(st.sampled_from(PATHS), JUNK)
def test_any_value_in_any_place_is_accepted_or_a_typed_error(path, value):
    with contextlib.suppress(ProfileError):
        Schema(changed(INPUT, path, value), OUTPUT)
