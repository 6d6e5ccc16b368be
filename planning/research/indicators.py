"""Which figures of the World Bank speak of which Sustainable Development Goal, and in which unit. Pure.

Codes of the World Development Indicators, chosen by hand in November 2026 for being about people's need
and known for most countries. The words for them stand in `wording/research.json` under their code.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from planning.figures.sdg import goals_in


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure; *unit* is as `Fact.unit` has it."""

    code: str
    unit: str

    @property
    def key(self) -> str:
        """What it is called in fact ids and wording: `sp_pop_totl`."""
        return self.code.lower().replace(".", "_")


POPULATION = Indicator("SP.POP.TOTL", "people")
RURAL = Indicator("SP.RUR.TOTL.ZS", "%")
BY_GOAL: dict[int, tuple[Indicator, ...]] = {
    1: (Indicator("SI.POV.DDAY", "%"), Indicator("SI.POV.NAHC", "%")),
    2: (Indicator("SN.ITK.DEFC.ZS", "%"), Indicator("SH.STA.STNT.ZS", "%")),
    3: (Indicator("SH.DYN.MORT", ""), Indicator("SH.STA.MMRT", "")),
    4: (Indicator("SE.PRM.CMPT.ZS", "%"), Indicator("SE.ADT.LITR.ZS", "%")),
    5: (Indicator("SL.TLF.CACT.FE.ZS", "%"), Indicator("SG.GEN.PARL.ZS", "%")),
    6: (Indicator("SH.H2O.BASW.ZS", "%"), Indicator("SH.STA.BASS.ZS", "%")),
    7: (Indicator("EG.ELC.ACCS.ZS", "%"), Indicator("EG.CFT.ACCS.ZS", "%")),
    8: (Indicator("SL.UEM.TOTL.ZS", "%"), Indicator("SL.UEM.1524.ZS", "%")),
    9: (Indicator("IT.NET.USER.ZS", "%"),),
    10: (Indicator("SI.POV.GINI", ""),),
    11: (Indicator("EN.POP.SLUM.UR.ZS", "%"), Indicator("EN.ATM.PM25.MC.M3", "")),
    12: (Indicator("NY.ADJ.DRES.GN.ZS", "%"),),
    13: (Indicator("EG.FEC.RNEW.ZS", "%"),),
    14: (Indicator("ER.MRN.PTMR.ZS", "%"),),
    15: (Indicator("AG.LND.FRST.ZS", "%"),),
    16: (Indicator("VC.IHR.PSRC.P5", ""),),
    17: (Indicator("BX.TRF.PWKR.DT.GD.ZS", "%"),),
}
MOST = 6  # asked for one document, beside the population
KNOWN = {
    each.code: each for each in (POPULATION, RURAL, *(i for row in BY_GOAL.values() for i in row))
}


def goals_named(sdgs: Iterable[str]) -> tuple[int, ...]:
    """The numbers of the goals that the founder's *sdgs* name, in their order."""
    return tuple(dict.fromkeys(goal for text in sdgs for goal in goals_in(text)))


def indicators_for(goals: Iterable[int]) -> tuple[Indicator, ...]:
    """The population, and the first figures of each of *goals*, the most telling ones first."""
    rows = [BY_GOAL[goal] for goal in goals if goal in BY_GOAL]
    in_turn = [row[place] for place in range(2) for row in rows if place < len(row)]
    return (POPULATION, *dict.fromkeys(in_turn[:MOST]))
