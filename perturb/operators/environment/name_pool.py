"""Names to put in place of others: Faker's American given and family names that are no ordinary words."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal

from perturb.operator import Pick

Role = Literal["given", "family"]

_WORDS = """
    amber angel april ashley austin autumn berry bonnie brandy brooke candy chelsea cheyenne christian clinton crystal daisy
    dakota destiny diamond ebony faith franklin glenn grace grant heather holly hunter jackson jesus jordan kelly kirby
    lance logan martin mason melody mercedes misty morgan norman olive paige parker patty penny perry raven robin roger
    savannah scott sherry sierra spencer stacy summer sydney tanner taylor tiffany victor victoria virginia warren willie
    alexandria madison dominique rusty terry tommy billy bobby jerry jimmy harry denis francis gloria
    archer armstrong bailey baker baldwin banks barber barker barron bates beard becker bender benton berger bishop black
    blair blanchard bolton booker boone booth bowers bowman bradford branch brandt brewer bridges briggs bright brock brooks
    brown browning bullock burch burns butler camacho campbell cannon carpenter carter casey castro chambers chandler chaney
    chapman charles chase cherry church clark clarke clayton clements cline coffey collier collins colon combs compton
    conner cooke cooley cooper costa crane cross curry curtis daniel decker dennis dixon dodson downs drake dudley duffy
    duncan durham english farmer fields fisher fleming fletcher flores flowers floyd forbes foster fowler frank frazier
    freeman french frost fuller gaines gallagher gamble gardner garner garrison gates gentry gibbs giles glass glover golden
    goodman gould graves greene green griffin gross hancock hardin harding hardy harmon harper harvey hatfield hawkins heath
    herring hicks hines hinton hobbs hodge hodges holder holland holloway hooper hoover horne horton house houston howell
    huffman humphrey hunter hurst ingram jefferson johns joyce keith kidd knight lamb lambert landry lawson leach lester
    little livingston lloyd lowery lynch lyons macdonald manning marks marsh marshall massey mayer meadows mercer merritt
    middleton miles mills molina monroe montgomery moody mooney moore morales morse moses moss murphy myers nichols noble
    norton oliver orr palmer parks parrish parsons patton peck petty pierce pitts pollard poole porter potter potts powers
    pratt price prince proctor quinn ramsey randall reese reeves rhodes richards richmond riddle riggs ritter rivers roach
    robbins rocha rollins roman rosario rowland rubio salinas sampson sanders sanford santiago santos saunders savage sawyer
    sellers sexton shaffer shannon sharp shelton shepard shepherd sheppard sherman shields short silva simmons simon singleton
    skinner sloan small smith snow solomon sparks spears spence stafford stanley stanton stark steele stein stewart stokes
    stone stout strickland strong stuart sullivan summers sutton sweeney swanson terrell thomas thornton torres townsend
    travis tucker turner tyler underwood valencia valentine vance vaughan villa wagner walker waller walls walsh walton
    warner washington waters watts weaver webster weeks welch wells werner wheeler white whitehead whitney wiggins wiley
    willis winters wolfe woods woodard woodward wright young stephens eaton hamilton hampton cameron lincoln aurora georgia
    devon kendra trent israel carol carole earnest ernest frances gabriel gilbert gordon marina regina roberta
"""
_ORDINARY = frozenset(_WORDS.split())
"""Names of five letters and more that are words, places or things besides."""

_SHORTEST = 5


@cache
def pool(role: Role) -> tuple[str, ...]:
    """The usable names of one role in alphabetical order."""
    from faker.providers.person.en_US import Provider

    names: Iterable[str] = Provider.first_names if role == "given" else Provider.last_names
    return tuple(
        sorted(name for name in set(names) if len(name) >= _SHORTEST and name.isascii() and name.lower() not in _ORDINARY)
    )


def replacements(words: Mapping[str, Role], taken: frozenset[str], pick: Pick) -> dict[str, str]:
    """A new word for each word (in small letters), none of them in `taken`.

    As far as names go round, a new word stands in the alphabet where the old one stood among the others, whichever of them are
    replaced: so what an environment sorts by name keeps its order.
    """
    made: dict[str, str] = {}
    used = set(taken) | set(words)
    ordered = sorted(words)
    last = ""
    for index, word in enumerate(ordered):
        before = max(last, ordered[index - 1] if index else "")
        after = ordered[index + 1] if index + 1 < len(ordered) else "\U0010ffff"
        other: Role = "family" if words[word] == "given" else "given"
        options = _between(words[word], before, after, used) or _between(other, before, after, used)
        if not options:
            options = _between(words[word], "", "\U0010ffff", used)
        if not options:
            continue
        new = pick.choice(f"word:{word}", options)
        made[word] = new
        used.add(new.lower())
        if before < new.lower() < after:
            last = new.lower()
    return made


def _between(role: Role, before: str, after: str, used: set[str]) -> list[str]:
    names = pool(role)
    low = bisect_right(names, before, key=str.lower)
    high = bisect_left(names, after, key=str.lower)
    return [name for name in names[low:high] if name.lower() not in used]
