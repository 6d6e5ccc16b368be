"""Pitches as founders give them, one for each duration."""

PITCHES = {
    30: (
        "Every evening in Kisumu, girls put their schoolbooks away because the light is gone. "
        "Solar Sisters trains young women to build solar lamps and to sell them in their own "
        "villages. A lamp costs eleven dollars, and a family saves that in three months of "
        "kerosene. That is affordable and clean energy, made by the people who need it most. "
        "Give us ten minutes this week, and we will show you the first workshop."
    ),
    45: (
        "Imagine a village where every glass of water is a risk. In Turkana, two in three families "
        "drink from open ponds, and their children fall ill. Clean Drop builds small water kiosks "
        "that run on sunlight, and trains local women to run them. Each kiosk serves eight hundred "
        "people for less than a cent a litre. That is clean water and sanitation, the sixth "
        "Sustainable Development Goal, in the hands of those who need it. We have a site, a team "
        "and a partner. Help us with ten thousand dollars, and the first kiosk opens in May."
    ),
    60: (
        "Who taught you what to do when the river rises? In the delta where I grew up, nobody did, "
        "and every year families lose their harvest, their school and sometimes a child. Higher "
        "Ground changes that. We train teachers in flood country to run short, practical lessons: "
        "how to read the river, where to go, what to carry, and how to plant so that the soil "
        "holds. The lessons are songs and games, so children bring them home, and parents learn as "
        "well. Last season two hundred pupils took part, and their three villages moved every seed "
        "store in time. This is climate action that costs less than a meal for each child. Twelve "
        "more schools are waiting for us. Become a partner with twenty thousand dollars, and every "
        "one of them will be ready before the next rain."
    ),
    90: (
        "When my grandmother sold her tomatoes, she sold them to the first truck that stopped, "
        "because by evening half of them would be soft. She worked harder than anyone I know, and "
        "she was paid for half of what she grew. Forty years later, farmers in our valley still "
        "throw away one box in three. The problem is not the farming. The problem is the two days "
        "between the field and the market. Cool Basket closes that gap. We set up cold rooms at "
        "the roadside, the size of a shipping container, cooled by the sun and run by a "
        "cooperative of the farmers themselves. A farmer pays a few cents for each crate and each "
        "day, gets a message when the price in the city is good, and sells when she wants to. In "
        "our first season one cold room served sixty families. They lost almost nothing, and they "
        "earned a third more from the same land. Nobody had to plant more or borrow more. That is "
        "responsible consumption and production, the twelfth Sustainable Development Goal, and it "
        "pays for itself within four years. We now have the land, the permits and three "
        "cooperatives that have voted to join. What we lack is the steel and the panels. Lend us "
        "ninety thousand dollars for three cold rooms, and visit us at the next harvest."
    ),
}
