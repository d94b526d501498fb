/* Agreement of the protocol in Specs/consensus.md, for four validators. `make model-check` runs it; what is abstracted
   and why nothing is lost stands in that page, section "Model".

   Messages are sets that only grow: a vote, once cast, may be counted by anyone at any later time, or never. Traitors
   are not simulated: they count in every quorum, as if they had voted everything. So a certificate exists as soon as
   enough honest validators cast equal votes, and is known wherever that hurts. Every leader may offer two blocks. An
   honest validator does whatever its rules allow, at any time: timers, views and fetches only ever restrict that.

   Whether a vote is allowed depends on votes of its view and of lower ones, and more votes never forbid it. So every
   set of votes is reached with the views in order, and in a view the notarizes first: that is what is run by default.
   -DFREE_ORDER runs any order of single votes, which fewer views can bear.

   -DTRAITORS=2, -DNO_EXCLUSION, -DTWO_NOTARIZES, -DNO_GAP take a rule away, and must each end in disagreement. */

#ifndef VIEWS
#define VIEWS 4
#endif
#ifndef TRAITORS
#define TRAITORS 1
#endif

#define QUORUM 3
#define HONEST (4 - TRAITORS)
#define NEEDED (QUORUM - TRAITORS)
#define BLOCKS (2 * VIEWS + 1)
#define UNSET 255
/* Block 0 is genesis; view v (from 1) may see the blocks 2v - 1 and 2v. */
#define VIEW_OF(block) (((block) + 1) / 2)
#define AT (i * (VIEWS + 1) + v)

/* What each honest validator cast in a view: a block (0: none), yes or no, a block (0: none). */
byte notarize[HONEST * (VIEWS + 1)];
bool nullify[HONEST * (VIEWS + 1)];
byte finalize[HONEST * (VIEWS + 1)];
/* A block's hash binds its parent. */
byte parent[BLOCKS];
/* How many honest validators cast that vote. */
byte notarizes[BLOCKS];
byte nullifies[VIEWS + 1];
byte finalizes[BLOCKS];
/* Of one step. */
byte i, v, b, p, x, other;
bool isAllowed;

#define NOTARIZED(block) ((block) == 0 || notarizes[block] >= NEEDED)
#define NULLIFIED(view) (nullifies[view] >= NEEDED)
#define FINAL(block) (finalizes[block] >= NEEDED)

/* [C9] One terminal vote in a view. */
#ifdef NO_EXCLUSION
#define MAY_NULLIFY (!nullify[AT])
#define MAY_FINALIZE (finalize[AT] == 0)
#else
#define MAY_NULLIFY (!nullify[AT] && finalize[AT] == 0)
#define MAY_FINALIZE (!nullify[AT] && finalize[AT] == 0)
#endif
/* [C9] One notarize in a view, and none after a terminal vote. */
#ifdef TWO_NOTARIZES
#define MAY_NOTARIZE (notarize[AT] < 2 * v && !nullify[AT] && finalize[AT] == 0)
#else
#define MAY_NOTARIZE (notarize[AT] == 0 && !nullify[AT] && finalize[AT] == 0)
#endif

/* [C3] The parent is notarized, and every view between is nullified. */
inline checkPlace() {
    d_step {
        isAllowed = VIEW_OF(p) < v && NOTARIZED(p) && (parent[b] == UNSET || parent[b] == p);
#ifndef NO_GAP
        x = VIEW_OF(p) + 1;
        do
        :: x < v -> isAllowed = isAllowed && NULLIFIED(x); x++
        :: else -> break
        od;
#endif
        x = 0
    }
}

/* Of any two final blocks one is the other's ancestor. */
inline checkAgreement() {
    d_step {
        b = 1;
        do
        :: b < BLOCKS ->
            if
            :: FINAL(b) ->
                other = 1;
                do
                :: other < b ->
                    if
                    :: FINAL(other) ->
                        x = b;
                        do
                        :: x > other -> x = parent[x]
                        :: else -> break
                        od;
                        assert(x == other)
                    :: else
                    fi;
                    other++
                :: else -> break
                od
            :: else
            fi;
            b++
        :: else -> break
        od;
        b = 0; other = 0; x = 0
    }
}

/* [C6] A timer may fire whenever it likes. */
inline castNullify() { nullify[AT] = true; nullifies[v]++ }

/* [C4] Either block of the view, on any parent in its place. The second block comes into play only beside the first:
   their names mean nothing. */
inline castNotarize() {
    if
    :: notarize[AT] == 0 -> b = 2 * v - 1
    :: parent[2 * v - 1] != UNSET -> b = 2 * v
    fi;
    select(p : 0 .. (BLOCKS - 1));
    checkPlace();
    if
    :: isAllowed -> parent[b] = p; notarize[AT] = b; notarizes[b]++
    :: else
    fi;
    b = 0; p = 0; isAllowed = false
}

inline mayCastNotarize() {
    if
    :: MAY_NOTARIZE -> castNotarize()
    :: skip
    fi
}

/* [C7] What is notarized. */
inline castFinalize() {
    if
    :: b = 2 * v - 1
    :: b = 2 * v
    fi;
    if
    :: NOTARIZED(b) -> finalize[AT] = b; finalizes[b]++; checkAgreement()
    :: else
    fi;
    b = 0
}

/* Forgets, once a view is over in order, who cast what, and votes that made no certificate. */
inline closeView() {
    d_step {
        i = 0;
        do
        :: i < HONEST -> notarize[AT] = 0; nullify[AT] = false; finalize[AT] = 0; i++
        :: else -> break
        od;
        i = 0;
        nullifies[v] = (NULLIFIED(v) -> NEEDED : 0);
        b = 2 * v - 1;
        do
        :: b <= 2 * v ->
            finalizes[b] = (FINAL(b) -> NEEDED : 0);
            notarizes[b] = (NOTARIZED(b) -> NEEDED : 0);
            parent[b] = (NOTARIZED(b) || FINAL(b) -> parent[b] : UNSET);
            b++
        :: else -> break
        od;
        b = 0
    }
}

init {
    d_step {
        b = 1;
        do
        :: b < BLOCKS -> parent[b] = UNSET; b++
        :: else -> break
        od;
        b = 0
    }
#ifdef FREE_ORDER
    do
    :: atomic {
        select(i : 0 .. (HONEST - 1));
        select(v : 1 .. VIEWS);
        if
        :: MAY_NULLIFY -> castNullify()
        :: MAY_NOTARIZE -> castNotarize()
        :: MAY_FINALIZE -> castFinalize()
        :: else
        fi;
        i = 0; v = 0
    }
    od
#else
    v = 1;
    do
    :: v <= VIEWS ->
        do
        :: i < HONEST ->
            atomic {
                mayCastNotarize();
#ifdef TWO_NOTARIZES
                mayCastNotarize();
#endif
                i++
            }
        :: else -> break
        od;
        i = 0;
        do
        :: i < HONEST ->
            atomic {
                if
                :: MAY_NULLIFY -> castNullify()
                :: skip
                fi;
                if
                :: MAY_FINALIZE -> castFinalize()
                :: skip
                fi;
                i++
            }
        :: else -> break
        od;
        closeView();
        v++
    :: else -> break
    od
#endif
}
