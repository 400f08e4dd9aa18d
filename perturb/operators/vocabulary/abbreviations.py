"""Words as programmers shorten them in names, one-to-one: no two words share a short form, and none is a word of its own."""

from __future__ import annotations

from perturb.operators.vocabulary.casing import Style, join, split

_SHORT = """
access accs, account acct, accounts accts, action actn, activate actv, address addr, addresses addrs, airline arln, airlines
arlns, airport arpt, airports arpts, alert alrt, alerts alrts, amount amt, analysis anlys, analyze anlz, append appnd,
application appl, appointment appt, appointments appts, archive arch, article artcl, articles artcls, assign asgn,
attachment attch, author authr, availability avlb, available avl, average avg, balance bal, balances bals, batch btch, book
bk, booking bkg, bookings bkgs, branch brnch, branches brnchs, browse brws, build bld, business biz, button btn, cabin cbn,
calculate calc, calendar cal, cancel cncl, categories ctgs, category ctg, cell cl, cells clls, change chg, changes chgs,
channel chnl, channels chnls, character chr, check chk, city cty, clear clr, client clnt, close cls, column clmn, command
cmd, comment cmnt, comments cmnts, commit cmt, commits cmts, companies cos, company cmpny, compare cmpr, compute cmpt,
config cfg, configuration conf, confirm cnfm, connect cnct, contact cntct, contacts cntcts, content cntnt, contents cntnts,
convert cnv, count cnt, country ctry, create crt, currency ccy, current curr, customer cust, customers custs, database db,
date dt, default dflt, delete del, department dept, description desc, destination dest, detail dtl, details dtls, device
dvc, direct dir, directory drctry, disable dsbl, display disp, document doc, documents docs, domain dmn, download dl, draft
drft, element elem, elements elems, email eml, emails emls, employee emp, enable enbl, entities ents, entity ent,
environment env, error err, event evt, events evts, example ex, execute exec, export exp, extract extr, fetch ftch,
filename fname, filter fltr, financial fincl, find fnd, first fst, flight flt, flights flts, folder fldr, footer
ftr, format fmt, forward fwd, function func, generate gen, graph grph, group grp, groups grps, header hdr, history hist,
hotel htl, hotels htls, image img, images imgs, import imp, inbox inbx, income inc, index idx, information info, insert ins,
inventory invty, invite invt, invoice inv, invoices invs, issue iss, item itm, items itms, keyword kw, language lang, latest
ltst, length len, level lvl, library lib, limit lim, link lnk, list lst, location loc, locations locs, login lgn, manage
mng, manager mgr, market mkt, maximum max, memory mem, merge mrg, message msg, messages msgs, metadata meta,
minimum min, modify mod, money mny, monitor mntr, month mth, move mv, music mus, navigate nav, network net, news nws,
notification notif, notifications notifs, number num, object obj, offer ofr, opening opng, operation oper, option opt,
options opts, order ord, orders ords, organization org, organizations orgs, package pkg, packages pkgs, page pg, pages pgs,
paragraph para, paragraphs paras, parameter param, parcel prcl, parcels prcls, participant prtcp, participants prtcps,
passenger pax, password pwd, path pth, payment pmt, payments pmts, person prsn, phone ph, picture pic, plan pln, playlist
plylst, position pos, post pst, preference pref, presentation pres, preview prvw, previous prev, price prc, prices prcs,
process proc, product prod, products prods, profile prfl, program prgm, project proj, projects projs, property prop, publish
publ, purchase purch, quantity qty, query qry, question qstn, quote qte, quotes qtes, range rng, rating rtg, read rd, reason
rsn, receive rcv, received rcvd, recent rcnt, recipe rcp, record rec, records recs, reference ref, refund rfnd, register
regn, related rltd, release rel, remove rm, rename rnm, rental rntl, replace repl, report rpt, reports rpts, repositories
repos, repository repo, request req, requests reqs, reschedule resched, reservation resv, reservations resvs, reserve rsrv,
reset rst, resource rsrc, resources rsrcs, response resp, restaurant rstrnt, restaurants rstrnts, restrictions restr, result
res, retrieve retr, return rtn, review rvw, reviews rvws, route rte, rule rl, rules rls, save sv, schedule sched, scheduled
schd, screen scrn, screenshot scrnsht, search srch, section sect, select sel, send snd, sent snt, sequence seq, server srv,
service svc, services svcs, session sess, settings stgs, share shr, shipment shpmt, show shw, sign sgn, slide sld, slides
slds, source src, standard std, start strt, statement stmt, statements stmts, station stn, stations stns, statistics stats,
status stat, stock stk, storage strg, string str, summary smry, symbol sym, system sys, table tbl, tables tbls, task tsk,
tasks tsks, team tm, temperature temp, template tmpl, test tst, text txt, thread thrd, ticket tkt, tickets tkts, token tkn,
total tot, track trk, transaction txn, transactions txns, transfer xfer, translate transl, travel trvl, trip trp, type typ,
types typs, unread unrd, update upd, upload upl, user usr, users usrs, validate vald, value val, vehicle veh, verify vrfy,
version ver, video vid, view vw, voucher vchr, weather wthr, webpage wbpg, website wbst, window wndw, workbook wkbk,
worksheet wksht, workspace wksp, write wrt
"""


def _table(text: str) -> dict[str, str]:
    table: dict[str, str] = {}
    for entry in text.split(","):
        word, short = entry.split()
        table[word] = short
    return table


ABBREVIATIONS: dict[str, str] = _table(_SHORT)
"""Each word, in lower case, and its short form."""


def abbreviate(identifier: str) -> str:
    """The identifier with each word that has a short form shortened; the style stays (`searchFlights` gives `srchFlts`)."""
    words, style = split(identifier)
    return join([_shortened(word, style) for word in words], style)


def _shortened(word: str, style: Style) -> str:
    bare = word.strip("_")
    parts, inner = split(bare)
    if len(parts) > 1 and style in ("dotted", "kebab"):
        short = join([_shortened(part, inner) for part in parts], inner)
    else:
        short = ABBREVIATIONS.get(bare.lower(), bare)
    return word.replace(bare, short) if bare else word
