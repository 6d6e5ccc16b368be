"""One paragraph in each of the languages that are told apart; they say about the same."""

PARAGRAPHS = [
    (
        "en",
        "The association trains women in rural villages so that they can repair solar lamps. "
        "Each of them visits ten households a week and reports what is broken to the "
        "workshop.",
    ),
    (
        "es",
        "La asociación forma a mujeres de aldeas rurales para que puedan reparar lámparas "
        "solares. Cada una visita diez hogares por semana e informa al taller de lo que está "
        "roto.",
    ),
    (
        "fr",
        "L’association forme des femmes de villages ruraux afin qu’elles puissent réparer des "
        "lampes solaires. Chacune visite dix foyers par semaine et signale à l’atelier ce qui "
        "est cassé.",
    ),
    (
        "pt",
        "A associação forma mulheres de aldeias rurais para que possam consertar lâmpadas "
        "solares. Cada uma visita dez famílias por semana e informa a oficina do que está "
        "quebrado.",
    ),
    (
        "de",
        "Der Verein bildet Frauen in ländlichen Dörfern aus, damit sie Solarlampen reparieren "
        "können. Jede von ihnen besucht zehn Haushalte in der Woche und meldet der Werkstatt, "
        "was kaputt ist.",
    ),
    (
        "ru",
        "Ассоциация обучает женщин в сельских районах ремонту солнечных ламп. Каждая из них "
        "посещает десять домов в неделю и сообщает в мастерскую о том, что сломано, чтобы это "
        "починили.",
    ),
    (
        "ar",
        "تدرب الجمعية نساء من القرى الريفية على إصلاح المصابيح الشمسية. تزور كل واحدة منهن "
        "عشرة منازل في الأسبوع وتبلغ الورشة عن كل ما هو معطل حتى يتم إصلاحه.",
    ),
    (
        "hi",
        "यह संस्था गाँवों की महिलाओं को सौर लैंप की मरम्मत करना सिखाती है। हर महिला सप्ताह "
        "में दस घरों में जाती है और जो खराब है उसकी सूचना कार्यशाला को देती है।",
    ),
    (
        "it",
        "L'associazione forma le donne dei villaggi rurali perché possano riparare le lampade "
        "solari. Ognuna di loro visita dieci famiglie alla settimana e segnala al laboratorio "
        "quello che è rotto.",
    ),
    (
        "sw",
        "Chama hiki kinafundisha wanawake wa vijijini ili waweze kutengeneza taa za jua. Kila "
        "mmoja wao hutembelea nyumba kumi kwa wiki na kutoa taarifa kwa karakana kuhusu vitu "
        "ambavyo vimeharibika.",
    ),
    (
        "uk",
        "Асоціація навчає жінок у сільських районах ремонту сонячних ламп. Кожна з них "
        "відвідує десять домівок на тиждень і повідомляє в майстерню про те, що зламано, щоб "
        "це полагодили.",
    ),
    (
        "nl",
        "De vereniging leidt vrouwen in dorpen op, zodat zij zonnelampen kunnen repareren. "
        "Ieder van hen bezoekt tien gezinnen per week en meldt aan de werkplaats wat er kapot "
        "is.",
    ),
    (
        "id",
        "Perkumpulan ini melatih perempuan di desa agar mereka dapat memperbaiki lampu surya. "
        "Setiap orang mengunjungi sepuluh rumah tangga dalam seminggu dan melaporkan kepada "
        "bengkel apa yang rusak.",
    ),
    (
        "tr",
        "Dernek, köylerdeki kadınlara güneş lambalarını nasıl onaracaklarını öğretiyor. Her "
        "biri haftada on evi ziyaret ediyor ve bozuk olan her şeyi atölyeye bildiriyor, "
        "böylece lambalar daha sonra onarılıyor.",
    ),
    (
        "pl",
        "Stowarzyszenie szkoli kobiety na wsi, aby mogły naprawiać lampy słoneczne. Każda z "
        "nich odwiedza dziesięć domów w tygodniu i zgłasza do warsztatu, co jest zepsute, "
        "oraz co można jeszcze naprawić.",
    ),
    (
        "ur",
        "یہ تنظیم دیہات کی خواتین کو شمسی چراغ کی مرمت کرنا سکھاتی ہے۔ ہر خاتون ہفتے میں دس "
        "گھروں میں جاتی ہے اور جو خراب ہے اس کی اطلاع ورکشاپ کو دیتی ہے تاکہ اس کی مرمت ہو۔",
    ),
    (
        "fa",
        "این انجمن به زنان روستایی آموزش می دهد که چراغ های خورشیدی را تعمیر کنند. هر یک از "
        "آنها در هفته به ده خانه می رود و آنچه را که خراب است به کارگاه گزارش می دهد.",
    ),
]
