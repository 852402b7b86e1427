"""What a model is for, in the words of a closed list, so that a data owner's rules can name them.

It is the scientist's word: nobody checks it, and a model can be used otherwise once it is theirs. An owner
whom that matters to also names the scientists whom they trust. A spec that says nothing has the purpose
"unstated", which a rule can allow or not like any other.
"""

UNSTATED = "unstated"
PURPOSES = {
    "research": "scientific research whose results are published",
    "health": "health care, medicine and public health",
    "education": "teaching and learning",
    "public_service": "tasks of the public administration and of relief organisations",
    "environment": "climate, nature, energy and farming",
    "safety": "safety and security of people, networks and machines",
    "product": "a commercial product or service",
    "advertising": "advertising, and profiles of people for it",
    "finance": "credit, insurance and trading",
    "employment": "hiring, and judging people at work",
    "law_enforcement": "policing, courts and border control",
    "defence": "military use",
    "other": "none of these; the description says what",
    UNSTATED: "the spec says nothing",
}
