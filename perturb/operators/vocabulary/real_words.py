"""Words of English that lie one slip away from an ordinary one (`form` from `from`), so that no slip becomes one of them."""

from __future__ import annotations

_ALL = """
abe abel abut accepter actin actins acton adust advisee ale alow appreciates ara ares arline arranger arranges articled
asker ass award ballance ban bani bee begun ben beng bern bevin bilk bilks binging boll bolls booing booming bought brig
briny budge bull bulls cad cade cal calk calked calking caller carey carr cars cary cate cerate cerated chagres chanel chare
charged checker chid chile chose cist clan cleat clint coat coats cod cods coed coke cokes coking cold collet coly com
compete comr cone cones conform conformed coning convert cop copt core cos coss costa coste cosy cot cots county cove covet
coy crate crated crating creates crested cresting crete daft dead deaf decider decides decode decoded deice deliverer delver
derail derailed derails dies diner ding dinned director discus dive doe dong donner dos dose doss draff drat drove dunner
east emil employe employed employer employers employes endure ensue enure eta even evens exit exiting expedience explode fat
fats feds fee feed fess fid fie fiend fiends fight fights filed filly filo fils fin fining finis finnish finny fins fir firm
flies fling fold folded fond forge forger forgo fork fried fro fromm froward fund funding gab gad gage garb gater genera
gers gest gibe gibes gibing gie girt git goad god gods gold gond gong goo goof gran greeting greta grocer gte guess gust
gusts hae handed handel handler handles haply hare hearing hears heat heer hel hell hep hera herd herr hers hobbes hod hoe
hoke hole holing hols homs hone hood hooping hop hopping hops hose hue hug hugs ida identity ides incite incited incudes
infirm info ingredient interne inti invitee invites issued issus ito jon joni keel keeling kelt kep kid kidd kin kine kiss
lad laded lading lanced lancing lander landes lansing lave laving leafing lean lear lefter legs les lest leta leys lice lie
lies life lime lin lino lis listee lister lit lived lively loaf lobe loge loo loom looming lost loves lovey loving luke lunk
lust lusted lynch mace mad mads mae mai male males mali man managed mange manger manor mare maul mel men menton messaged
meting mewl mewls mid mien mil mime min minx mither monet mooney mover moves nae nam named nat ned nerd nerds ness nest net
newt nide nite nites noe noes norma noted notices noyes numbed odder oder offed offerer oka olen ope opener option outs pace
paces packaged pad pads paged paging pair pan pane panned panning pans par parent parl parry part participant pas pase pate
patents pates patty pave paves paws pease peron persona petty phons phots pic pice picker pieced piked pint pisces pitting
placed planed planing planner pleaded pleas pleases pock pocked poet pone poplar posed poster posy pot pots prefect preform
preparer prepares priced pride prides pries profess provably provider psid pubic puck purchaser purchases pya quire quirt
quit quits quote raging rally raring rater rathe ratting rear rearing receiver receives recept recommenced recommencing red
regard regrading relate relater relates relayed rely reminded renal require requires requited resole retarding retards
reviewer rom roo rook rooks rote rouge rout routs sad sade sadi sage sags sat sate sating scree sea sear sears seas seek
seeks sees sem sen sene sens sensing sere serer serge serous served serviced seta sets sever sewn shade shaded shading shard
sharer shares shipping shoa shoe shoeing shoes shoo showa shred sid sig sigh sin sing sion sip siple sire sloe snare snared
snaring snip snog snow snowing snows sock soke som somme sone sony soong sop sopping sore souse sow sowing sown sows
specifier specifies sped spike sta stag staging star stared starr starred starter stated stating stats statue ste stick
stiff stor stroy sty sue suer suggester supper supposes sur surd swat swats tack tai tain takin tale tales tali tall tam
tame tames taming tank tankful tanks tass tat tavel tax tea teak teat test tests tet tets tex thar thee thees thess thin
thins thong thongs though thus thy ticker tickers tied tile ting tings tip tips tired tittle tod toil tole toll topi traci
tram tran trave tret trier tries trio trios tripe trough trued truing tucket tue tun tuned turner tying tyr updater updates
uprate uprated uprating uses vapid veery vide vie vies vireo waif wal wall wan waned wang waning wat wee weer weir weirs wen
wet wide widow wile winder wire wis wit wite wive wok woks wold wong wordy wore worker worm wormed worming worms wring writ
writs yous
"""

NEAR_WORDS = frozenset(_ALL.split())
