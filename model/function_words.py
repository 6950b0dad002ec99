"""English words that hold a sentence together and say nothing of its subject: the closed classes.

Articles, pronouns, prepositions, conjunctions, auxiliaries, quantifiers, particles, common adverbs, and what is left of
contractions after their apostrophe. Nouns, verbs of content and adjectives are not here, however frequent.
"""

FUNCTION_WORDS = frozenset(
    """
    an the this that these those such same other another each every either neither both all any some no none few fewer
    several many much more most less least enough own
    me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
    it its itself they them their theirs themselves one ones oneself someone somebody something anyone anybody anything
    everyone everybody everything nobody nothing who whom whose which what whoever whatever whichever
    about above across after against ahead along alongside amid among amongst around as aside at atop away back before
    behind below beneath beside besides between beyond by despite down during except for from in inside into near of off
    on onto opposite out outside over past per regarding since than through throughout till to toward towards under
    underneath unlike until unto up upon versus via vs with within without
    and but or nor so yet if unless because although though while whereas whether once when whenever where wherever why how
    however therefore thus hence otherwise instead meanwhile moreover furthermore nevertheless nonetheless else
    am is are was were be been being do does did doing done have has had having can could may might must shall should will
    would ought cannot let lets need needs
    not only also too very just even still already again ever never always often sometimes usually rarely perhaps maybe
    quite rather almost nearly really actually simply simple soon now then here there today later ago yes no please well
    far long together apart indeed especially particularly generally typically currently recently finally instead likely
    first second third last next two three four five six seven eight nine ten
    don doesn didn isn aren wasn weren won wouldn couldn shouldn haven hasn hadn ain re ve ll amp nbsp quot etc ie eg
    get gets getting got go goes going went gone come comes coming came make makes making made take takes taking took taken
    give gives giving gave given put puts see sees saw seen say says said know knows knew want wants like likes
    """.split()
)
