"""What words of column names and of categories mean, across English, German, and some French and Spanish.

Each line of `GROUPS` is one meaning. Only for suggestions, which the owner confirms: a word that is not here
is not a mistake, it is compared by its letters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

GROUPS = """
age alter lebensalter edad
income earning salary wage revenue einkommen gehalt lohn verdienst revenu salaire ingreso salario
debt liability schuld verbindlichkeit dette deuda
loan credit kredit darlehen pret credito prestamo
amount sum betrag summe montant importe
balance kontostand saldo guthaben
account konto compte cuenta
payment zahlung paiement pago
late delay overdue arrear verzug verspätung rückstand mahnung retard
default defaulted ausfall ausgefallen impago
repaid paid settled bezahlt zurückgezahlt beglichen getilgt payé pagado
rate interest zins zinssatz
work employed employment job occupation profession beruf arbeit beschäftigt beschäftigung anstellung emploi
company employer firma unternehmen arbeitgeber
home housing residence wohnen wohnung wohnsituation wohnort vivienda
rent rented renting tenant miete mieter gemietet location alquiler
own owned owner eigentum eigentümer besitz eigen
mortgage hypothek hypothèque hipoteca
house haus maison casa
outcome result ergebnis resultat ausgang befund
class category klasse kategorie art typ type
diagnosis diagnose diagnostic diagnóstico
species spezies
sex gender geschlecht sexe sexo genre
male man m männlich mann herr homme masculin hombre
female woman f w weiblich frau femme féminin mujer
married verheiratet marié casado
single unmarried ledig unverheiratet alleinstehend célibataire soltero
divorced geschieden divorcé divorciado
widowed verwitwet
child kind kinder children enfant hijo
education schooling bildung ausbildung schulbildung abschluss
country land pays país
city town stadt ville ciudad
street strasse rue calle
date datum fecha
year jahr année año
month monat mois mes
week woche semaine semana
day tag jour día
hour stunde heure hora
birth born geburt geboren naissance nacimiento
duration laufzeit dauer durée duración
weight gewicht masse poids peso
height körpergrösse grösse größe taille altura
length länge longueur longitud
width breite largeur ancho
depth tiefe profondeur
radius rayon radio
diameter durchmesser diamètre diámetro
perimeter circumference umfang périmètre perímetro
thickness dicke épaisseur espesor
texture textur textura
smooth smoothness glatt glätte
rough roughness rau rauheit
compact compactness kompakt kompaktheit compacité
concave concavity konkav konkavität concavité
symmetry symmetric symmetrie symétrie simetría
fractal fraktal
point punkt punto
area fläche surface superficie
volume volumen
temperature temperatur température temperatura
pressure druck pression presión
blood blut sang sangre
glucose sugar zucker glukose
heart herz coeur
pulse puls herzfrequenz heartrate
smoker smoking smoke raucher rauchen rauch fumeur fumador
ill sick disease krank krankheit malade enfermo
well healthy gesund sain sano
malignant malign bösartig maligne maligno
benign gutartig bénin benigno
dead died death tot gestorben tod verstorben décédé
alive living lebend lebendig vivant
price preis prix precio
cost kosten coût costo
count number anzahl zahl nombre número
name bezeichnung nom nombre
colour color farbe couleur
red rot rouge rojo
green grün vert verde
blue blau bleu azul
white weiss blanc blanco
black schwarz noir negro
high hoch haut alto
low niedrig bas bajo
medium mittel moyen medio
good gut bon bueno
bad schlecht mauvais malo
quality qualität qualité calidad
customer client kunde cliente
product produkt produit producto
quantity menge quantité cantidad
visit besuch visite visita
risk risiko risque riesgo
yes y ja j true wahr oui si sí 1
no n nein false falsch non não 0
leave left quit attrition kündigung gekündigt ausgetreten
petal blütenblatt
sepal kelchblatt
alcohol alkohol alcool
acid acidity säure
age_group altersgruppe
"""
# Of one quantity there are often several columns, which differ in this word alone.
STATISTICS = """
mean avg average mittel mittelwert mw durchschnitt moyenne promedio media
highest max maximum maximal worst largest greatest größter größte höchster höchstwert pire peor
lowest min minimum minimal smallest kleinster kleinste niedrigster tiefster mindestwert
spread error err se sd std stdev stddev sem deviation streuung standardabweichung standardfehler fehler
median med zentralwert
"""
_ENDINGS = ("", "s", "es", "e", "n", "en", "er")
_LINKS = ("", "s", "es", "n", "en", "e")
_SHORTEST_PART = 4  # letters of a word within a compound
_NEGATIONS = ("not", "non", "nicht", "kein", "un", "no ")
TIME = ("year", "month", "week", "day", "hour")


def plain(word: str) -> str:
    """Letters and digits only, without accents, in lower case."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in parts if letter.isalnum())


def tokens(name: str) -> list[str]:
    """The words of a name, split at case, underscores, spaces and marks, each `plain`."""
    split = re.sub(r"(?<=[a-zß-ÿ0-9])(?=[A-ZÀ-Þ])", " ", unicodedata.normalize("NFC", name))
    return [plain(part) for part in re.split(r"[\W_]+", split) if plain(part)]


def meanings(name: str) -> frozenset[str]:
    """What the words of a name mean, as the first word of each group. Compounds are taken apart in two."""
    found: set[str] = set()
    for token in tokens(name):
        found |= _of_token(token)
    return frozenset(found)


def statistic(name: str) -> str | None:
    """Which statistic of a quantity a name says: the mean, the highest, the lowest, the spread or the median;
    None if none, or nothing else.
    """
    said = {_statistics()[token] for token in tokens(name) if token in _statistics()}
    return said.pop() if len(said) == 1 and without_statistic(name) else None


def without_statistic(name: str) -> str:
    """The words of a name but those that say a statistic, with spaces between them."""
    return " ".join(token for token in tokens(name) if token not in _statistics())


def negated(word: str) -> bool:
    """Whether a word begins by saying no, and is not a word of its own ("unmarried" is one)."""
    return word.casefold().startswith(_NEGATIONS) and plain(word) not in _known()


@cache
def _known() -> dict[str, str]:
    words: dict[str, str] = {}
    for line in GROUPS.strip().splitlines():
        first, *others = line.split(" ")
        for word in (first, *others):
            for spelt in (word, _without_umlauts(word)):
                words.setdefault(plain(spelt), first)
    return words


@cache
def _statistics() -> dict[str, str]:
    lines = [line.split(" ") for line in STATISTICS.strip().splitlines()]
    return {
        plain(spelt): words[0]
        for words in lines
        for word in words
        for spelt in (word, _without_umlauts(word))
    }


def _without_umlauts(word: str) -> str:
    return word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")


def _exactly(token: str) -> str | None:
    known = _known()
    if token in known:
        return known[token]
    for ending in _ENDINGS[1:]:
        if token.endswith(ending) and len(token) - len(ending) >= _SHORTEST_PART - 1:
            stem = token[: -len(ending)]
            if stem in known:
                return known[stem]
    return known.get(token[:-3] + "y") if token.endswith("ies") else None


@cache
def _of_token(token: str) -> frozenset[str]:
    whole = _exactly(token)
    if whole is not None:
        return frozenset({whole})
    for cut in range(len(token) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
        front, back = token[:cut], _exactly(token[cut:])
        if back is None:
            continue
        for link in _LINKS:
            stem = front[: len(front) - len(link)] if front.endswith(link) else None
            known = _exactly(stem) if stem and len(stem) >= _SHORTEST_PART else None
            if known is not None:
                return frozenset({known, back})
    return frozenset()
