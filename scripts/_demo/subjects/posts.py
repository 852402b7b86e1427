"""Posts with hashtags from a seeded generator: which hashtag goes with a post?

Nothing of a person is in them. Each hashtag has words of its own and shares some with its neighbour; the rest
are common words, spread as in language, mentions, links and symbols. Some posts have no hashtag, or one that
nobody asks for; mines leave those out. Each mine has an archive of X, in which some hashtags are more
frequent.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts._demo.subjects.keeping import Labelled, write_csv, write_x_archive
from scripts._demo.subjects.subject import Files, Subject

HASHTAGS = ("art", "football", "garden", "jazz", "news", "science", "travel", "wetter")
ROWS_TO_VALIDATE, ROWS_TO_TEST, ROWS_OF_A_MINE = 1600, 1600, 3000
OWN_WORDS, COMMON_WORDS = 40, 3000
OWN_SHARE = 0.25
SYMBOLS = ("\U0001f600", "\u2764\ufe0f", "\U0001f642", "\u2026", "!!")
_SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "sch\u00f6",
    "ra",
    "te",
    "vu",
    "nor",
    "\u00e9l",
    "qui",
    "ber",
    "da",
    "ol",
    "sin",
    "w\u0101",
)
_FEWEST_WORDS, _MOST_WORDS = 6, 22


class Language:
    """Words made of syllables; the same for everybody who has the seed."""

    def __init__(self) -> None:
        random = np.random.default_rng(2026)

        def word(syllables: int) -> str:
            return "".join(_SYLLABLES[place] for place in random.integers(0, len(_SYLLABLES), syllables))

        self.common = [word(1 + number % 4) for number in range(COMMON_WORDS)]
        own = [[word(3) for _ in range(OWN_WORDS)] for _ in HASHTAGS]
        self.own = [own[place] + own[(place + 1) % len(own)][: OWN_WORDS // 4] for place in range(len(own))]
        often = 1 / np.arange(1, COMMON_WORDS + 1) ** 1.05
        self.often = often / often.sum()

    def post(self, topic: int, random: np.random.Generator) -> str:
        """One post about the topic of a hashtag, in the capitals people use."""
        length = int(random.integers(_FEWEST_WORDS, _MOST_WORDS))
        words = [self.common[place] for place in random.choice(COMMON_WORDS, length, p=self.often)]
        for place in np.flatnonzero(random.random(length) < OWN_SHARE):
            words[place] = self.own[topic][int(random.integers(len(self.own[topic])))]
        words[0] = words[0].capitalize()
        if random.random() < 0.2:
            words.insert(0, f"@friend{random.integers(50)}")
        if random.random() < 0.3:
            words.append(SYMBOLS[int(random.integers(len(SYMBOLS)))])
        if random.random() < 0.2:
            words.append(f"https://t.example/{random.integers(10**6)}")
        return " ".join(words)


def write_posts(folder: Path, csv_only: Sequence[bool], seed: int) -> Files:
    """Archives for the mines, tables for the scientist."""
    language, random = Language(), np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)

    def drawn(count: int, chances: Sequence[float] | None = None) -> list[Labelled]:
        topics = random.choice(len(HASHTAGS), count, p=chances)
        return [Labelled(language.post(int(topic), random), HASHTAGS[int(topic)]) for topic in topics]

    mines = []
    for mine, only in enumerate(csv_only):
        at_home = np.arange(len(HASHTAGS)) % len(csv_only) == mine
        chances = np.where(at_home, 1.5, 1.0)
        posts = drawn(ROWS_OF_A_MINE, list(chances / chances.sum()))
        if only:
            path = folder / f"mine-{mine + 1}.csv"
            mines.append(write_csv(path, posts, text="text_without_hashtags", label="hashtag"))
        else:
            for place in range(0, len(posts), 25):
                posts[place] = Labelled(posts[place].text, "" if place % 2 else "nobodyasks")
            mines.append(write_x_archive(folder / f"mine-{mine + 1}-x", posts))
    tables = [
        write_csv(folder / f"{name}.csv", drawn(count), text="text_without_hashtags", label="hashtag")
        for name, count in (("validation", ROWS_TO_VALIDATE), ("test", ROWS_TO_TEST))
    ]
    return Files(tables[0], tables[1], mines, {})


POSTS = Subject(
    name="hashtags",
    about='title = "Hashtags"\ndescription = "Which of eight hashtags goes with a post?"',
    schema=f"""[label]
name = "hashtag"
classes = [{", ".join(f'"{name}"' for name in HASHTAGS)}]
missing = "drop"
unknown = "drop"

[[fields]]
name = "text_without_hashtags"
kind = "text"
columns = 1024
""",
    write=write_posts,
)
