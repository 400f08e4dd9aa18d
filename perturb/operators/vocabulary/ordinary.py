"""Ordinary English words as people write them in requests: those that may be misspelt without anything being lost.

None of them is a value, a name, a number, a negation, a bound, a condition, a superlative, a time or a place in an order.
"""

from __future__ import annotations

_FUNCTION = """
a about am an and are at be been being by can could did do does doing for from had has have having he her here him his i in
into is it its may me might mine my myself of off on our ours out own perhaps quite rather she should so some such that the
their them then there these they this those through to too toward up upon us very was we were which while whose will with
would you your yours yourself
"""
"""Words of grammar. Those of two letters are never misspelt, and are here to be told from slips."""

_TALK = """
actually afraid again appreciate appreciated asking assist assistance basically bother certainly dear definitely enough
especially exactly favor favour finally friendly glad good great greetings happy hello help helpful helping hey hi hope
hoping kind kindly know like likely little look looking love maybe mean mind nice obviously okay otherwise please pleased
possible possibly prefer pretty probably question questions really regards request requests simply sincerely something soon
sorry sure thank thankful thanks think thinking thought together trouble trying understand unfortunately urgent usually need
needed needs want wanted wanting welcome well wish wonder wondering worry
"""

_DOINGS = """
accept accepted access accordingly adjust advise allow answer answers apply appear approve arrange arranged arranging arrive
arriving ask asked asks attach attached attend become begin believe bring bringing brought buy buying call called calling
care carry check checked checking choose chosen clean collect come comes coming compare complete confirm confirmed consider
contact contain containing continue cover create created creating decide decided deliver delivered describe describing
discuss download draft eat edit email enjoy ensure enter expect explain explore figure fill find finding finish fix fly
flying follow following forget forgot forward found gather gave generate get gets getting give given gives giving goes going
gone got grab handle handled happen happened head heading hear heard hold identify imagine improve include included includes
including inform invite invited involve join joining keep keeping kept knowing known landed landing learn leave leaving let
lets list listed listen live lives living load made make makes making manage mention mentioned message moved moving note
notice noticed offer offered open opened organize overview own paid park pass pay paying perform pick picked planned
planning plans post posted prepare prepared print proceed process provide provided provides purchase purchased put putting
read reading receive received recommend recommended recommending record recover register regarding related remember remind
reminder remove rename rent reply report reports required research resolve respond response review reviewed run running said
save saw say saying says see seem seems seen sell send sending sent serve serves set setting share shared sharing show
showing shown shows sign sit speak spend spending spent spoke start started stay staying store submit suggest suggested
summarize summary suppose supposed switch take taken takes taking talk tell telling thing things told took track travel
traveling travelling treat tried try turn turned type update updated updating upload use used using visit visiting wait
waiting walk watch went work worked working works write writing written wrote
"""

_THINGS = """
account accounts action actions activities activity advice agenda agent airline airport amount amounts app application
appointment appointments area article articles attachment available balance bank bill bills birthday bonus booking bookings
budget business calendar car card category channel charge charges child children client clients code colleague colleagues
comment company companies concert conference contact contacts content contents conversation copy cost costs country credit
cuisine customer customers data department description desk detail detailed details device difference dinner directory
discount document documents drive employee employees entry error event events evidence example expense expenses experience
family feedback fees file files flight flights folder folders food form format friend friends gift grocery group guest
guests history hobbies hobby holiday home hospital hotel hotels house idea inbox information ingredients insurance interest
internet invoice issue issues item items job journey kids kitchen landlord language laptop letter library link links
location luggage lunch machine mail manager meal meals meeting meetings member members menu messages money movie music name
names network news note notes notification notifications number numbers offer office options order orders package packages
page pages parcel parcels parents participants partner party passenger passengers password payment payments people
permission permissions person phone photo photos picture piece pieces place places plan plane platform point policy position
preference prices price priority problem problems product products profile program project projects property ratings rating
reason reasons receipt recent recently recipe recipient recommendation recommendations record records refund rental request
reservation reservations restaurant restaurants result results reviews room rooms route salary schedule screen seat seats
security server service services session settings ship shop shopping situation son song spouse staff status stock story
street stuff subject subscription suitcase support system table task tasks taxi team text texts ticket tickets title tool
topic traffic train transaction transactions transfer trip trips user username users vacation version video view website
websites wife husband sister brother mother father cousin window word words workshop
"""

_KINDS = """
able active additional amazing annoying aware bad beautiful big bit careful certain clear comfortable common concerned
convenient correct current currently different difficult direct directly easily easy entire exciting expensive extra fair
famous fast favorite favourite fine friendly full fully funny general generally gently hard helpful huge immediately
important interested interesting large latest local lovely major multiple necessary neat nearby new newly nicely normal
normally notable official ordinary original perfect personal polite popular precise precisely private proper properly public
quick quickly quiet ready regular relevant reliable safe separate separately serious several significant similar simple slow
slowly small social special specific specified strange super suspicious technical terrible thorough true typical unusual
useful usual valid various weird whole wonderful wrong
"""

_TURNING = """
no not none nothing never neither nor nobody nowhere without cannot unless except but only just still already yet all any
anyone anything both each either every everyone everything few fewer half less least many more most much other others
another same first second third fourth fifth last next previous former latter before after until till since during when
whenever where wherever whether if else instead or than as because why who whom how what whatever whichever between among
under over above below within beyond across against along behind near nearest closest far further furthest early earlier
earliest late later cheap cheaper cheapest high higher highest low lower lowest minimum maximum best better worst worse long
longer longest short shorter shortest newer newest old older oldest today tomorrow yesterday tonight morning noon afternoon
evening night midnight day week month year hour minute days weeks months years hours minutes one two three four five six
seven eight nine ten eleven twelve dozen once twice double percent total sum average monday tuesday wednesday thursday
friday saturday sunday january february march april june july august september october november december must shall add
cancel delete book change exchange move return back forth left false yes on off in out up down to by at
"""

ORDINARY = frozenset("".join((_FUNCTION, _TALK, _DOINGS, _THINGS, _KINDS)).split())

TURNING = frozenset(_TURNING.split())
"""Words on which the meaning of a request turns: never misspelt."""
