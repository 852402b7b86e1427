/** What words mean in the names of columns, and as categories: each line of `GROUPS` is one meaning. The lists are those of mine-agent. */

export const GROUPS = `
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
`;

/** Of one quantity there are often several columns, which differ in this word alone. */
export const STATISTICS = `
mean avg average mittel mittelwert mw durchschnitt moyenne promedio media
highest max maximum maximal worst largest greatest größter größte höchster höchstwert pire peor
lowest min minimum minimal smallest kleinster kleinste niedrigster tiefster mindestwert
spread error err se sd std stdev stddev sem deviation streuung standardabweichung standardfehler fehler
median med zentralwert
`;
