"""A short document in each of our eight languages, with every kind of block."""

from datetime import date
from decimal import Decimal

import sample

from planning.content import (
    Bar,
    Chart,
    Chip,
    Chips,
    Column,
    Document,
    Gantt,
    Prose,
    Section,
    Series,
    Table,
)

# title, subtitle, venture, heading, paragraph, sub-heading, list, table (caption; columns; rows), tasks, goal, question
TEXTS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "cover": ("Business plan", "Safe water for ten thousand people", "Clean Water Initiative"),
        "prose": (
            "The need",
            "Four in ten households drink from unprotected sources [S1]. We install 100 filters by 2029, at **$2,400** each.",
            "Who does what",
            "Neighbours run the kiosks.",
            "Sales pay for spare parts.",
        ),
        "table": ("Budget", "Item", "Amount", "Filters", "Training", "Total"),
        "tasks": ("Baseline survey", "Install the filters", "Handover"),
        "rest": (
            "Clean water and sanitation",
            "Which legal form will the association have?",
            "People",
        ),
    },
    "es": {
        "cover": (
            "Plan de negocio",
            "Agua segura para diez mil personas",
            "Iniciativa Agua Limpia",
        ),
        "prose": (
            "La necesidad",
            "Cuatro de cada diez hogares beben de fuentes no protegidas [S1]. Instalaremos 100 filtros hasta 2029, a **2.400 $** cada uno. ¿Quién los cuida? ¡La comunidad!",
            "Quién hace qué",
            "Los vecinos gestionan los puntos de agua.",
            "Las ventas pagan los repuestos y el año señalado.",
        ),
        "table": ("Presupuesto", "Concepto", "Importe", "Filtros", "Formación", "Total"),
        "tasks": ("Encuesta inicial", "Instalación de los filtros", "Entrega"),
        "rest": (
            "Agua limpia y saneamiento",
            "¿Qué forma jurídica tendrá la asociación?",
            "Personas",
        ),
    },
    "fr": {
        "cover": (
            "Plan d’affaires",
            "De l’eau potable pour dix mille personnes",
            "Initiative Eau Claire",
        ),
        "prose": (
            "Le besoin",
            "Quatre ménages sur dix boivent l’eau de sources non protégées [S1]. Nous installons 100 filtres d’ici 2029, à **2 400 $** pièce : c’est un coût maîtrisé.",
            "Qui fait quoi",
            "Les voisins gèrent les points d’eau ; un gardien est payé.",
            "La vente de l’eau finance les pièces de rechange – même à Noël, où l’œuvre s’arrête.",
        ),
        "table": ("Budget", "Poste", "Montant", "Filtres", "Formation", "Total"),
        "tasks": ("Enquête initiale", "Installation des filtres", "Remise"),
        "rest": (
            "Eau propre et assainissement",
            "Quelle forme juridique aura l’association ?",
            "Personnes",
        ),
    },
    "pt": {
        "cover": ("Plano de negócios", "Água segura para dez mil pessoas", "Iniciativa Água Limpa"),
        "prose": (
            "A necessidade",
            "Quatro em cada dez famílias bebem de fontes não protegidas [S1]. Instalaremos 100 filtros até 2029, a **US$ 2.400** cada um. A manutenção é da comunidade.",
            "Quem faz o quê",
            "Os vizinhos administram os quiosques.",
            "As vendas pagam as peças de reposição; não há doação para isso.",
        ),
        "table": ("Orçamento", "Item", "Valor", "Filtros", "Formação", "Total"),
        "tasks": ("Pesquisa inicial", "Instalação dos filtros", "Entrega"),
        "rest": ("Água potável e saneamento", "Que forma jurídica terá a associação?", "Pessoas"),
    },
    "de": {
        "cover": (
            "Geschäftsplan",
            "Sicheres Wasser für zehntausend Menschen",
            "Initiative Sauberes Wasser",
        ),
        "prose": (
            "Der Bedarf",
            "Vier von zehn Haushalten trinken aus ungeschützten Quellen [S1]. Bis 2029 bauen wir 100 Filter für je **2.400 $** ein. Die Trinkwasserversorgungsgenossenschaft übernimmt die Wartung.",
            "Wer was tut",
            "Nachbarn betreiben die Wasserstellen.",
            "Der Verkauf bezahlt Ersatzteile, auch für größere Schäden.",
        ),
        "table": ("Haushalt", "Posten", "Betrag", "Filter", "Schulungen", "Summe"),
        "tasks": ("Erhebung zu Beginn", "Einbau der Filter", "Übergabe"),
        "rest": ("Sauberes Wasser", "Welche Rechtsform bekommt der Verein?", "Menschen"),
    },
    "ru": {
        "cover": (
            "Бизнес-план",
            "Безопасная вода для десяти тысяч человек",
            "Инициатива «Чистая вода»",
        ),
        "prose": (
            "Потребность",
            "Четыре из десяти семей пьют воду из незащищённых источников [S1]. До 2029 года мы установим 100 фильтров по **2400 $** каждый.",
            "Кто что делает",
            "Соседи сами обслуживают пункты.",
            "Продажа воды оплачивает запасные части.",
        ),
        "table": ("Бюджет", "Статья", "Сумма", "Фильтры", "Обучение", "Итого"),
        "tasks": ("Исходное обследование", "Установка фильтров", "Передача"),
        "rest": ("Чистая вода и санитария", "Какую правовую форму получит объединение?", "Люди"),
    },
    "ar": {
        "cover": ("خطة العمل", "مياه آمنة لعشرة آلاف شخص", "مبادرة المياه النظيفة"),
        "prose": (
            "الحاجة",
            "تشرب أربع أسر من كل عشر من مصادر غير محمية [S1]. سنركّب 100 مرشح بحلول عام 2029 بسعر **2,400 دولار** لكل منها، بالتعاون مع UNICEF (مكتب نيروبي).",
            "من يفعل ماذا",
            "يدير الجيران نقاط المياه بأنفسهم.",
            "تغطي المبيعات ثمن قطع الغيار بنسبة 50%.",
        ),
        "table": ("الميزانية", "البند", "المبلغ", "المرشحات", "التدريب", "المجموع"),
        "tasks": ("المسح الأولي", "تركيب المرشحات", "التسليم"),
        "rest": ("المياه النظيفة والصرف الصحي", "ما الشكل القانوني للجمعية؟", "الأشخاص"),
    },
    "hi": {
        "cover": ("व्यवसाय योजना", "दस हज़ार लोगों के लिए सुरक्षित पानी", "स्वच्छ जल पहल"),
        "prose": (
            "आवश्यकता",
            "दस में से चार परिवार असुरक्षित स्रोतों से पानी पीते हैं [S1]। हम 2029 तक **2,400 डॉलर** प्रति फ़िल्टर की दर से 100 फ़िल्टर लगाएँगे, और क्षेत्र के विद्यार्थी जाँच में मदद करेंगे।",
            "कौन क्या करेगा",
            "पड़ोसी स्वयं जल-केंद्र चलाएँगे।",
            "बिक्री से पुर्ज़ों का ख़र्च निकलेगा।",
        ),
        "table": ("बजट", "मद", "राशि", "फ़िल्टर", "प्रशिक्षण", "कुल"),
        "tasks": ("आरंभिक सर्वेक्षण", "फ़िल्टर लगाना", "हस्तांतरण"),
        "rest": ("स्वच्छ जल और स्वच्छता", "संस्था का कानूनी रूप क्या होगा?", "लोग"),
    },
}


def document(language: str, **changes: object) -> Document:
    """A short document in *language*."""
    texts = TEXTS[language]
    title, subtitle, venture = texts["cover"]
    heading, paragraph, sub, first, second = texts["prose"]
    caption, item, amount, filters, training, total = texts["table"]
    goal, question, people = texts["rest"]
    prose = Prose(
        f"{paragraph}\n\n{paragraph}\n\n### {sub}\n\n- {first}\n- {second}\n  1. {first}\n"
    )
    table = Table(
        caption,
        (Column(item, share=2), Column(amount, "end")),
        ((filters, "240,000"), (training, "18,500"), (total, "258,500")),
        totals=1,
        note=second,
    )
    days = (
        (date(2027, 1, 4), date(2027, 3, 31)),
        (date(2027, 4, 1), date(2027, 11, 30)),
        (date(2027, 12, 15), date(2027, 12, 15)),
    )
    bars = tuple(
        Bar(f"M{n}", task, begin, end, people, n != 0, (f"M{n - 1}",) if n else ())
        for n, (task, (begin, end)) in enumerate(zip(texts["tasks"], days, strict=True))
    )
    chart = Chart(
        people,
        "columns",
        ("2027", "2028", "2029"),
        (Series(people, (Decimal(4000), Decimal(76000), Decimal(120000))),),
        "people",
    )
    sections = (
        Section("need", heading, (prose, table), "model"),
        Section("milestones", sub, (Gantt(sub, bars), chart), "code"),
        Section("sdg", goal, (Chips((Chip(6, goal, first), Chip(13, goal))),)),
    )
    fields = {
        "type": "business_plan",
        "title": title,
        "subtitle": subtitle,
        "venture": venture,
        "language": language,
        "currency": "USD",
        "written_on": date(2026, 11, 24),
        "sections": sections,
        "references": sample.REFERENCES[:2],
        "questions": (question,),
        "notices": (first,),
        "is_draft": True,
    }
    return Document(**{**fields, **changes})  # type: ignore[arg-type]
