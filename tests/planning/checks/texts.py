"""What founders may read in eight languages: plain prose of good sections, that no check should stumble over."""

TEXTS = {
    "mexico_food": (
        "Mesa Justa reparte comidas en la Ciudad de México. Cada cocina sirve platos "
        "preparados por mujeres del barrio, que deciden el menú y el precio. El equipo se "
        "reúne los lunes y escribe lo que cambia. En 2027 comienza el piloto y la meta es "
        "llegar a 400 familias, según el plan. La Directora Ejecutiva firma los contratos con "
        "la alcaldía."
    ),
    "germany_repair": (
        "Das Vorhaben richtet eine Werkstatt in Leipzig ein, in der Geräte repariert werden "
        "statt im Müll zu landen. Die Leitung stellt im ersten Halbjahr zwei Fachkräfte ein. "
        "Der Verein meldet sich beim Vereinsregister an und schließt eine Versicherung ab. "
        "Danach öffnet die Werkstatt an drei Tagen in der Woche, und Freiwillige helfen mit."
    ),
    "egypt_solar": (
        "يعمل المشروع مع المزارعين في الصعيد على تشغيل مضخات الري بالطاقة الشمسية بدل الديزل. "
        "يبدأ الفريق بقرية واحدة ويقيس كمية المياه قبل التركيب وبعده. ثم تُدرَّب مجموعة من "
        "الشباب على الصيانة، وتُنشر النتائج كل ثلاثة أشهر حتى يراها الجميع."
    ),
    "india_clinic": (
        "यह क्लिनिक गाँवों में गर्भवती महिलाओं की जाँच करता है और ज़रूरत होने पर उन्हें "
        "अस्पताल भेजता है। टीम हर सप्ताह अलग-अलग गाँव में जाती है। स्वास्थ्य कार्यकर्ता "
        "रजिस्टर में जानकारी लिखते हैं, और डॉक्टर महीने में एक बार उसे देखते हैं।"
    ),
    "kazakhstan_prosthetics": (
        "Мастерская печатает протезы рук для детей и подгоняет их вместе с врачами. Сначала "
        "команда обучает двух техников и проверяет материалы. Затем первые дети получают "
        "протезы бесплатно, а родители рассказывают, что нужно изменить. Результаты "
        "публикуются каждый квартал."
    ),
    "senegal_literacy": (
        "L’association ouvre des classes d’alphabétisation le soir, dans des écoles que la "
        "commune prête. Chaque groupe choisit ses horaires et son animatrice. L’équipe mesure "
        "ce que les participantes savent lire au début et à la fin. La Directrice rend compte "
        "au Conseil d’administration tous les trimestres."
    ),
    "brazil_recycling": (
        "A cooperativa recolhe materiais recicláveis nos bairros e paga as catadoras pelo "
        "peso. No primeiro ano a equipe organiza o galpão, compra uma prensa e assina acordos "
        "com os condomínios. Depois, as sobras são vendidas diretamente às indústrias, sem "
        "intermediários, e o resultado é dividido entre todas."
    ),
    "kenya_soil": (
        "Mradi huu unapima udongo wa wakulima wadogo na kuwapa ushauri kwa simu. Timu inaanza "
        "na vijiji viwili na kupima kabla ya mvua. Vijana wanafundishwa kupima udongo na "
        "kutoa majibu kwa siku saba. Matokeo yanatangazwa kila msimu ili wakulima waone "
        "tofauti."
    ),
}
