/*
 * letter_text.c - what letters say, in Danish, Swedish, Norwegian and English.
 */
#include "letter.h"

const char *const letter_texts[LETTER_TEXTS][LETTER_LANGUAGES] = {
	[LETTER_DEAR] = {
		[LETTER_DA] = "Kære %s",
		[LETTER_SV] = "Hej %s",
		[LETTER_NB] = "Hei %s",
		[LETTER_EN] = "Dear %s," },
	[LETTER_DEAR_NOBODY] = {
		[LETTER_DA] = "Hej",
		[LETTER_SV] = "Hej",
		[LETTER_NB] = "Hei",
		[LETTER_EN] = "Hello," },
	[LETTER_WHY_ASKED] = {
		[LETTER_DA] = "Du har spurgt, hvorfor du fik et spørgeskema fra os. "
		    "Her er, hvad vi har noteret.",
		[LETTER_SV] = "Du har frågat varför du fick en enkät från oss. Så här "
		    "ser det ut hos oss.",
		[LETTER_NB] = "Du har spurt hvorfor du fikk en undersøkelse fra oss. "
		    "Dette er hva vi har registrert.",
		[LETTER_EN] = "You asked why you received a survey from us. This is "
		    "what we have on record." },
	[LETTER_WHY_NOT] = {
		[LETTER_DA] = "Du har spurgt til et spørgeskema fra os. Det er ikke "
		    "sendt til dig.",
		[LETTER_SV] = "Du har frågat om en enkät från oss. Den har inte "
		    "skickats till dig.",
		[LETTER_NB] = "Du har spurt om en undersøkelse fra oss. Den er ikke "
		    "sendt til deg.",
		[LETTER_EN] = "You asked about a survey from us. It was not sent to "
		    "you." },
	[LETTER_WHY_OPEN] = {
		[LETTER_DA] = "Du har spurgt til et spørgeskema fra os. Det er ikke "
		    "sendt til dig. Om det bliver det, afgøres en af de "
		    "næste nætter.",
		[LETTER_SV] = "Du har frågat om en enkät från oss. Den har inte "
		    "skickats till dig. Om den gör det avgörs en av de "
		    "närmaste nätterna.",
		[LETTER_NB] = "Du har spurt om en undersøkelse fra oss. Den er ikke "
		    "sendt til deg. Om den blir det, avgjøres en av de "
		    "nærmeste nettene.",
		[LETTER_EN] = "You asked about a survey from us. It was not sent to "
		    "you. Whether it will be is decided in one of the coming "
		    "nights." },
	[LETTER_MEET] = {
		[LETTER_DA] = "Den %s havde du et møde med os.",
		[LETTER_SV] = "Den %s hade du ett möte med oss.",
		[LETTER_NB] = "Den %s hadde du et møte med oss.",
		[LETTER_EN] = "On %s you had a meeting with us." },
	[LETTER_SALE] = {
		[LETTER_DA] = "Den %s indgik I en aftale med os.",
		[LETTER_SV] = "Den %s ingick ni ett avtal med oss.",
		[LETTER_NB] = "Den %s inngikk dere en avtale med oss.",
		[LETTER_EN] = "On %s you made an agreement with us." },
	[LETTER_LOSS] = {
		[LETTER_DA] = "Den %s afsluttede vi et tilbud til jer, som I ikke tog "
		    "imod.",
		[LETTER_SV] = "Den %s avslutade vi en offert till er som ni inte antog.",
		[LETTER_NB] = "Den %s avsluttet vi et tilbud til dere som dere ikke "
		    "tok imot.",
		[LETTER_EN] = "On %s we closed an offer to you that you did not take "
		    "up." },
	[LETTER_CASE] = {
		[LETTER_DA] = "Den %s afsluttede vi en sag, du havde hos os.",
		[LETTER_SV] = "Den %s avslutade vi ett ärende som du hade hos oss.",
		[LETTER_NB] = "Den %s avsluttet vi en sak du hadde hos oss.",
		[LETTER_EN] = "On %s we closed a case that you had with us." },
	[LETTER_SILENCE] = {
		[LETTER_DA] = "I er kunde hos os, og vi havde ikke haft kontakt siden "
		    "den %s.",
		[LETTER_SV] = "Ni är kund hos oss, och vi hade inte haft kontakt sedan "
		    "den %s.",
		[LETTER_NB] = "Dere er kunde hos oss, og vi hadde ikke hatt kontakt "
		    "siden den %s.",
		[LETTER_EN] = "You are a customer of ours, and we had not been in "
		    "touch since %s." },
	[LETTER_BY_HAND] = {
		[LETTER_DA] = "Den %s valgte en af vores medarbejdere at spørge dig.",
		[LETTER_SV] = "Den %s valde en av våra medarbetare att fråga dig.",
		[LETTER_NB] = "Den %s valgte en av våre medarbeidere å spørre deg.",
		[LETTER_EN] = "On %s one of our employees chose to ask you." },
	[LETTER_EVENT] = {
		[LETTER_DA] = "Den %s noterede vi en henvendelse, der vedrørte dig.",
		[LETTER_SV] = "Den %s noterade vi en kontakt som rörde dig.",
		[LETTER_NB] = "Den %s registrerte vi en kontakt som gjaldt deg.",
		[LETTER_EN] = "On %s we noted a contact that concerned you." },
	[LETTER_EMPLOYEE] = {
		[LETTER_DA] = "Din kontakt hos os: %s.",
		[LETTER_SV] = "Din kontakt hos oss: %s.",
		[LETTER_NB] = "Din kontakt hos oss: %s.",
		[LETTER_EN] = "Your contact with us: %s." },
	[LETTER_DEPARTMENT] = {
		[LETTER_DA] = "Afdeling: %s.",
		[LETTER_SV] = "Avdelning: %s.",
		[LETTER_NB] = "Avdeling: %s.",
		[LETTER_EN] = "Department: %s." },
	[LETTER_SENT] = {
		[LETTER_DA] = "Derfor sendte vi dig et spørgeskema den %s. Vi sendte "
		    "det én gang; en påmindelse hører til det samme.",
		[LETTER_SV] = "Därför skickade vi en enkät till dig den %s. Vi "
		    "skickade den en gång; en påminnelse hör till samma "
		    "enkät.",
		[LETTER_NB] = "Derfor sendte vi deg en undersøkelse den %s. Vi sendte "
		    "den én gang; en påminnelse hører til den samme.",
		[LETTER_EN] = "So we sent you a survey on %s. We sent it once; a "
		    "reminder belongs to the same survey." },
	[LETTER_PERHAPS_SENT] = {
		[LETTER_DA] = "Derfor bad vi om, at et spørgeskema blev sendt til dig "
		    "den %s, én gang. Vi har ikke fået bekræftet, at det "
		    "skete.",
		[LETTER_SV] = "Därför bad vi om att en enkät skulle skickas till dig "
		    "den %s, en gång. Vi har inte fått bekräftat att det "
		    "skedde.",
		[LETTER_NB] = "Derfor ba vi om at en undersøkelse ble sendt til deg "
		    "den %s, én gang. Vi har ikke fått bekreftet at det "
		    "skjedde.",
		[LETTER_EN] = "So we asked for a survey to be sent to you on %s, once. "
		    "We have had no confirmation that it was." },
	[LETTER_FACTS] = {
		[LETTER_DA] = "Disse oplysninger fra vores kundesystem blev brugt:",
		[LETTER_SV] = "Dessa uppgifter från vårt kundsystem användes:",
		[LETTER_NB] = "Disse opplysningene fra kundesystemet vårt ble brukt:",
		[LETTER_EN] = "These details from our customer system were used:" },
	[LETTER_ADDRESS] = {
		[LETTER_DA] = "- din mailadresse: %s",
		[LETTER_SV] = "- din e-postadress: %s",
		[LETTER_NB] = "- e-postadressen din: %s",
		[LETTER_EN] = "- your mail address: %s" },
	[LETTER_ADDRESS_WAS] = {
		[LETTER_DA] = "- den mailadresse, vi havde dengang; den er siden "
		    "ændret eller slettet",
		[LETTER_SV] = "- den e-postadress vi hade då; den har sedan ändrats "
		    "eller tagits bort",
		[LETTER_NB] = "- e-postadressen vi hadde den gangen; den er siden "
		    "endret eller slettet",
		[LETTER_EN] = "- the mail address we had then; it has been changed or "
		    "removed since" },
	[LETTER_IN_DANISH] = {
		[LETTER_DA] = "- dit sprog: dansk",
		[LETTER_SV] = "- ditt språk: danska",
		[LETTER_NB] = "- språket ditt: dansk",
		[LETTER_EN] = "- your language: Danish" },
	[LETTER_IN_SWEDISH] = {
		[LETTER_DA] = "- dit sprog: svensk",
		[LETTER_SV] = "- ditt språk: svenska",
		[LETTER_NB] = "- språket ditt: svensk",
		[LETTER_EN] = "- your language: Swedish" },
	[LETTER_IN_NORWEGIAN] = {
		[LETTER_DA] = "- dit sprog: norsk",
		[LETTER_SV] = "- ditt språk: norska",
		[LETTER_NB] = "- språket ditt: norsk",
		[LETTER_EN] = "- your language: Norwegian" },
	[LETTER_IN_ENGLISH] = {
		[LETTER_DA] = "- dit sprog: engelsk",
		[LETTER_SV] = "- ditt språk: engelska",
		[LETTER_NB] = "- språket ditt: engelsk",
		[LETTER_EN] = "- your language: English" },
	[LETTER_COMPANY] = {
		[LETTER_DA] = "- din virksomhed: %s",
		[LETTER_SV] = "- ditt företag: %s",
		[LETTER_NB] = "- bedriften din: %s",
		[LETTER_EN] = "- your company: %s" },
	[LETTER_AGREED] = {
		[LETTER_DA] = "- at du har sagt ja til at blive spurgt",
		[LETTER_SV] = "- att du har sagt ja till att bli tillfrågad",
		[LETTER_NB] = "- at du har sagt ja til å bli spurt",
		[LETTER_EN] = "- that you agreed to be asked" },
	[LETTER_AGREED_ON] = {
		[LETTER_DA] = "- at du har sagt ja til at blive spurgt, den %s",
		[LETTER_SV] = "- att du har sagt ja till att bli tillfrågad, den %s",
		[LETTER_NB] = "- at du har sagt ja til å bli spurt, den %s",
		[LETTER_EN] = "- that you agreed to be asked, on %s" },
	[LETTER_NOT_AGREED] = {
		[LETTER_DA] = "- at der ikke var noteret et samtykke",
		[LETTER_SV] = "- att inget samtycke var noterat",
		[LETTER_NB] = "- at det ikke var registrert et samtykke",
		[LETTER_EN] = "- that no consent was on record" },
	[LETTER_CONSENT] = {
		[LETTER_DA] = "Vi spurgte på grundlag af dit samtykke "
		    "(databeskyttelsesforordningen, artikel 6, stk. 1, litra "
		    "a).",
		[LETTER_SV] = "Vi frågade med stöd av ditt samtycke "
		    "(dataskyddsförordningen, artikel 6.1 a).",
		[LETTER_NB] = "Vi spurte på grunnlag av samtykket ditt "
		    "(personvernforordningen artikkel 6 nr. 1 bokstav a).",
		[LETTER_EN] = "We asked on the basis of your consent (GDPR, article "
		    "6(1)(a))." },
	[LETTER_INTEREST] = {
		[LETTER_DA] = "Vi spurgte på grundlag af vores legitime interesse i at "
		    "vide, hvad vores kunder mener om os "
		    "(databeskyttelsesforordningen, artikel 6, stk. 1, litra "
		    "f).",
		[LETTER_SV] = "Vi frågade med stöd av vårt berättigade intresse av att "
		    "veta vad våra kunder tycker om oss "
		    "(dataskyddsförordningen, artikel 6.1 f).",
		[LETTER_NB] = "Vi spurte på grunnlag av vår berettigede interesse i å "
		    "vite hva kundene mener om oss (personvernforordningen "
		    "artikkel 6 nr. 1 bokstav f).",
		[LETTER_EN] = "We asked on the basis of our legitimate interest in "
		    "knowing what our customers think of us (GDPR, article "
		    "6(1)(f))." },
	[LETTER_BASIS] = {
		[LETTER_DA] = "Grundlaget for at spørge dig: %s",
		[LETTER_SV] = "Grunden för att fråga dig: %s",
		[LETTER_NB] = "Grunnlaget for å spørre deg: %s",
		[LETTER_EN] = "The basis on which we asked you: %s" },
	[LETTER_FROM] = {
		[LETTER_DA] = "Det er %s, der spørger; en leverandør sender "
		    "spørgeskemaet for os.",
		[LETTER_SV] = "Det är %s som frågar; en leverantör skickar enkäten åt "
		    "oss.",
		[LETTER_NB] = "Det er %s som spør; en leverandør sender undersøkelsen "
		    "for oss.",
		[LETTER_EN] = "It is %s who asks; a supplier sends the survey for us." },
	[LETTER_NO_AT] = {
		[LETTER_DA] = "Vil du ikke spørges igen, så skriv til %s, eller brug "
		    "linket til afmelding i mailen med spørgeskemaet. Du "
		    "behøver ikke at give en grund.",
		[LETTER_SV] = "Vill du inte bli tillfrågad igen, skriv till %s eller "
		    "använd länken för avregistrering i mejlet med enkäten. "
		    "Du behöver inte ange något skäl.",
		[LETTER_NB] = "Vil du ikke bli spurt igjen, skriv til %s, eller bruk "
		    "lenken for avmelding i e-posten med undersøkelsen. Du "
		    "trenger ikke å gi noen grunn.",
		[LETTER_EN] = "If you do not want to be asked again, write to %s, or "
		    "use the link to unsubscribe in the mail with the "
		    "survey. You need not give a reason." },
	[LETTER_NO] = {
		[LETTER_DA] = "Vil du ikke spørges igen, så svar på dette brev, eller "
		    "brug linket til afmelding i mailen med spørgeskemaet. "
		    "Du behøver ikke at give en grund.",
		[LETTER_SV] = "Vill du inte bli tillfrågad igen, svara på det här "
		    "brevet eller använd länken för avregistrering i mejlet "
		    "med enkäten. Du behöver inte ange något skäl.",
		[LETTER_NB] = "Vil du ikke bli spurt igjen, svar på dette brevet, "
		    "eller bruk lenken for avmelding i e-posten med "
		    "undersøkelsen. Du trenger ikke å gi noen grunn.",
		[LETTER_EN] = "If you do not want to be asked again, answer this "
		    "letter, or use the link to unsubscribe in the mail with "
		    "the survey. You need not give a reason." },
	[LETTER_RIGHTS] = {
		[LETTER_DA] = "Du kan også bede om at se, rette eller få slettet det, "
		    "vi har om dig.",
		[LETTER_SV] = "Du kan också be att få se, rätta eller få raderat det "
		    "vi har om dig.",
		[LETTER_NB] = "Du kan også be om å få se, rette eller slette det vi "
		    "har om deg.",
		[LETTER_EN] = "You can also ask to see, correct or have erased what we "
		    "hold about you." },
	[LETTER_REGARDS] = {
		[LETTER_DA] = "Venlig hilsen",
		[LETTER_SV] = "Med vänlig hälsning",
		[LETTER_NB] = "Vennlig hilsen",
		[LETTER_EN] = "Kind regards" },
	[LETTER_NOT_GONE] = {
		[LETTER_DA] = "Du står ikke længere i vores kundesystem.",
		[LETTER_SV] = "Du finns inte längre i vårt kundsystem.",
		[LETTER_NB] = "Du står ikke lenger i kundesystemet vårt.",
		[LETTER_EN] = "You are no longer in our customer system." },
	[LETTER_NOT_TAKEN_OUT] = {
		[LETTER_DA] = "En af vores medarbejdere valgte ikke at spørge denne "
		    "gang.",
		[LETTER_SV] = "En av våra medarbetare valde att inte fråga den här "
		    "gången.",
		[LETTER_NB] = "En av våre medarbeidere valgte å ikke spørre denne "
		    "gangen.",
		[LETTER_EN] = "One of our employees chose not to ask this time." },
	[LETTER_NOT_PAUSED] = {
		[LETTER_DA] = "Spørgeskemaer af denne slags var sat på pause.",
		[LETTER_SV] = "Enkäter av det här slaget var pausade.",
		[LETTER_NB] = "Undersøkelser av dette slaget var satt på pause.",
		[LETTER_EN] = "Surveys of this kind were paused." },
	[LETTER_NOT_CHOSEN] = {
		[LETTER_DA] = "Det hørte ikke til det, vi spørger om.",
		[LETTER_SV] = "Det hörde inte till det vi frågar om.",
		[LETTER_NB] = "Det hørte ikke til det vi spør om.",
		[LETTER_EN] = "It was not among the things we ask about." },
	[LETTER_NOT_OWN] = {
		[LETTER_DA] = "Du står hos os med en af vores egne mailadresser.",
		[LETTER_SV] = "Du finns hos oss med en av våra egna e-postadresser.",
		[LETTER_NB] = "Du står hos oss med en av våre egne e-postadresser.",
		[LETTER_EN] = "You are on record with one of our own mail addresses." },
	[LETTER_NOT_LEFT] = {
		[LETTER_DA] = "Vi har noteret, at du ikke længere er i virksomheden.",
		[LETTER_SV] = "Vi har noterat att du inte längre är kvar på företaget.",
		[LETTER_NB] = "Vi har registrert at du ikke lenger er i bedriften.",
		[LETTER_EN] = "We have on record that you have left the company." },
	[LETTER_NOT_DECLINED] = {
		[LETTER_DA] = "Du eller din virksomhed har bedt om ikke at blive "
		    "spurgt.",
		[LETTER_SV] = "Du eller ditt företag har bett om att inte bli "
		    "tillfrågade.",
		[LETTER_NB] = "Du eller bedriften din har bedt om å ikke bli spurt.",
		[LETTER_EN] = "You or your company asked not to be asked." },
	[LETTER_NOT_ADDRESS] = {
		[LETTER_DA] = "Vi havde ingen mailadresse, vi kunne bruge.",
		[LETTER_SV] = "Vi hade ingen e-postadress som vi kunde använda.",
		[LETTER_NB] = "Vi hadde ingen e-postadresse vi kunne bruke.",
		[LETTER_EN] = "We had no mail address that we could use." },
	[LETTER_NOT_CONSENT] = {
		[LETTER_DA] = "Vi havde ikke noteret et samtykke, der gælder.",
		[LETTER_SV] = "Vi hade inget giltigt samtycke noterat.",
		[LETTER_NB] = "Vi hadde ikke registrert et gyldig samtykke.",
		[LETTER_EN] = "We had no valid consent on record." },
	[LETTER_NOT_OLD] = {
		[LETTER_DA] = "Det lå for langt tilbage til at spørge om.",
		[LETTER_SV] = "Det låg för långt tillbaka för att fråga om.",
		[LETTER_NB] = "Det lå for langt tilbake til å spørre om.",
		[LETTER_EN] = "It was too long ago to ask about." },
	[LETTER_NOT_ACTIVE] = {
		[LETTER_DA] = "Vi har haft kontakt siden, eller har aftalt at tales "
		    "ved.",
		[LETTER_SV] = "Vi har haft kontakt sedan dess, eller har avtalat att "
		    "talas vid.",
		[LETTER_NB] = "Vi har hatt kontakt siden, eller har avtalt å snakkes.",
		[LETTER_EN] = "We have been in touch since, or have agreed to talk." },
	[LETTER_NOT_RECENT] = {
		[LETTER_DA] = "Vi har spurgt dig for nylig, eller spørger dig om noget "
		    "andet.",
		[LETTER_SV] = "Vi har frågat dig nyligen, eller frågar dig om något "
		    "annat.",
		[LETTER_NB] = "Vi har spurt deg nylig, eller spør deg om noe annet.",
		[LETTER_EN] = "We asked you lately, or ask you about something else." },
	[LETTER_NOT_LIMIT] = {
		[LETTER_DA] = "Vi begrænser, hvor mange spørgeskemaer vi sender.",
		[LETTER_SV] = "Vi begränsar hur många enkäter vi skickar.",
		[LETTER_NB] = "Vi begrenser hvor mange undersøkelser vi sender.",
		[LETTER_EN] = "We limit how many surveys we send." },
	[LETTER_NOT_FAILED] = {
		[LETTER_DA] = "Det kunne ikke sendes.",
		[LETTER_SV] = "Den kunde inte skickas.",
		[LETTER_NB] = "Den kunne ikke sendes.",
		[LETTER_EN] = "It could not be sent." },
	[LETTER_NOT_RULES] = {
		[LETTER_DA] = "Vores regler for, hvem vi spørger, sagde nej.",
		[LETTER_SV] = "Våra regler för vilka vi frågar sade nej.",
		[LETTER_NB] = "Reglene våre for hvem vi spør, sa nei.",
		[LETTER_EN] = "Our rules for whom we ask said no." },
};

const char *const letter_months[LETTER_LANGUAGES][12] = {
	[LETTER_DA] = { "januar", "februar", "marts", "april",
	    "maj", "juni", "juli", "august",
	    "september", "oktober", "november", "december" },
	[LETTER_SV] = { "januari", "februari", "mars", "april",
	    "maj", "juni", "juli", "augusti",
	    "september", "oktober", "november", "december" },
	[LETTER_NB] = { "januar", "februar", "mars", "april",
	    "mai", "juni", "juli", "august",
	    "september", "oktober", "november", "desember" },
	[LETTER_EN] = { "January", "February", "March", "April",
	    "May", "June", "July", "August",
	    "September", "October", "November", "December" },
};
