//! What each code means, for `garim explain`; a test holds every code that the sources use against this table.

/// A code, what it stands for, and what to do about it.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// `G0103`.
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// Why it is a fault, and what to do.
    pub text: &'static str,
}

/// What `code` means, whatever its case.
pub fn explain(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|entry| entry.code.eq_ignore_ascii_case(code))
}

const fn entry(code: &'static str, title: &'static str, text: &'static str) -> Code {
    Code { code, title, text }
}

/// Every code, in order. `G00..` is for any file, `G01..` for the policy, `G02..` for `garim.toml`.
pub const CODES: &[Code] = &[
    entry(
        "G0001",
        "a file cannot be read",
        "The path does not exist, is not a regular file, may not be read by this user, or is not UTF-8. Look \
         at the path and its rights.",
    ),
    entry(
        "G0002",
        "not TOML",
        "The text breaks the rules of TOML. All such places are shown; nothing else is checked before they \
         are mended, since the rest would only be guessed.",
    ),
    entry(
        "G0003",
        "unknown key",
        "A key that has no meaning here is an error, never ignored: a misspelt `legal-minimum` would \
         otherwise be silently absent.",
    ),
    entry(
        "G0004",
        "wrong type of value",
        "The key wants another type: text in quotes, a date without quotes, `true` or `false`, an array, a \
         table.",
    ),
    entry("G0005", "missing key", "Something that garim will not guess is not said."),
    entry(
        "G0100",
        "the policy does not compile",
        "The policy passed every check and yet cannot be compiled. This is a gap in garim's checks: please \
         report it, with the policy.",
    ),
    entry(
        "G0101",
        "unknown name",
        "A tier, class, group, kind, condition, source, reason or value is called by a name that nothing has. \
         The nearest one that exists is suggested.",
    ),
    entry(
        "G0102",
        "illegal name",
        "Names become parts of topics and metrics. They begin with a letter and consist of lower-case \
         letters, digits and hyphens; items may have `_` too.",
    ),
    entry(
        "G0103",
        "unknown action",
        "Actions are `keep`, `drop`, `scan`, `pseudonymize`, `mask` (`mask all`, `mask keep first 1`, `mask \
         keep last 4`, `mask keep prefix`), `truncate to 6`, `generalize to ...`, `seal`, `present` and `parts`. \
         `present` and `generalize to family` may rename their field: `present as NAME`.",
    ),
    entry(
        "G0104",
        "actions that exclude each other",
        "One action writes the value; `pseudonymize` may stand beside it, and its token then stands in \
         `<field>_token`; so may `seal`, and the original then lies in the record's `sealed`. Two actions cannot \
         write one value, a dropped value has neither beside it, a kept one no seal, and `do` and `class` cannot \
         both speak.",
    ),
    entry(
        "G0105",
        "no place for the token",
        "A token beside a value needs a second field, `<field>_token`. A path that ends in `*`, a line \
         written back in its own format, a key, a header and a finding inside text have none. Say one action, \
         or give the value a field of its own.",
    ),
    entry(
        "G0106",
        "an action that does not apply to the kind",
        "A time is generalized, an e-mail address is masked, a quantity has no pseudonym. The advice names \
         what applies.",
    ),
    entry(
        "G0107",
        "a unique identification number is kept, pseudonymized or sealed",
        "Resident and foreigner registration numbers are masked or dropped. A pseudonym or a seal needs a law \
         that allows the processing: name it in the item's `legal-basis`. Nothing makes them be kept.",
    ),
    entry(
        "G0108",
        "a mask that can be enumerated",
        "What the mask leaves visible admits fewer than 10,000 values, so whoever sees it can try them all. \
         Show less, or pseudonymize.",
    ),
    entry(
        "G0109",
        "a mask that nearly can be enumerated",
        "What the mask leaves visible admits fewer than 1,000,000 values: a program tries them in a blink. \
         Show less, or say in `allow` why the visible part is needed. `mask keep network` of an IP address is among them: \
         it leaves what `generalize to /24,/48` leaves.",
    ),
    entry(
        "G0110",
        "an identifier is kept",
        "The value leaves as it arrived. Treat it, or say in `allow` why it must stay; the reason is what a \
         reviewer will look for.",
    ),
    entry(
        "G0111",
        "nothing says what is done",
        "For some tier of this source (or at all) no action is given, and garim guesses none. Add a \
         `default`, or name the tier.",
    ),
    entry(
        "G0112",
        "a name twice",
        "Two things of one sort have one name, or a group is called as a tier, or a route names a tier twice. \
         Both places are shown.",
    ),
    entry(
        "G0113",
        "two items at one place",
        "Two items claim the same field, or one lies inside the other, and both could apply to one record. \
         Keep one, or give both conditions that exclude each other.",
    ),
    entry(
        "G0114",
        "not a JSON Pointer",
        "Places are written as `/items/login_id`: a slash before every name, `~1` for a slash inside a name, \
         `~0` for a tilde, `*` for any member or element (not in conditions and event times).",
    ),
    entry(
        "G0115",
        "a reserved name",
        "`garim`, `sealed` and names ending in `_token` are written by garim. A record that brings such a \
         member is refused, so no item can be about one. `default` and `recipients` mean something in a `do`, so \
         no tier, group or recipient is called so.",
    ),
    entry(
        "G0116",
        "a condition that asks nothing, or too much",
        "A condition has `at` and one of `in`, `is`, `not-in`, `is-not`, `present`. Several conditions in a list must all hold.",
    ),
    entry(
        "G0117",
        "a condition that never holds",
        "The condition looks inside of a field which an item declares to be one value.",
    ),
    entry(
        "G0118",
        "a tier without an end",
        "Every tier says how long: `keep = \"3 months\"` or `keep = { until = [\"event\"] }`. A legal minimum \
         needs a length.",
    ),
    entry(
        "G0119",
        "keys that a legal minimum cannot have",
        "The keys of a legal minimum are one a civil day and nobody's alone: a key for a year would outlive the end of \
         its first records by up to a year, and with the secret of a tenant that ends, records would end which the law \
         still requires.",
    ),
    entry(
        "G0120",
        "unknown time zone",
        "The calendar of days and months needs an IANA name such as `Asia/Seoul`. Zones are those built into \
         garim, so that no two hosts differ.",
    ),
    entry(
        "G0121",
        "routes without an end, or hidden ones",
        "Routes are tried from above; the last one, and only that one, has no `when`.",
    ),
    entry(
        "G0122",
        "an unused tier",
        "No route leads there, so its topic stays empty. A promise of the notice may be missing from the \
         routes.",
    ),
    entry("G0123", "an unused name", "Nothing refers to it. Often a name was changed in one place only."),
    entry(
        "G0124",
        "an illegal topic name",
        "Kafka allows letters, digits, `.`, `_` and `-`, 249 characters. The topic of a tier may contain \
         `{source}`.",
    ),
    entry(
        "G0125",
        "one topic for two things",
        "An input would be an output, or two tiers or sources would share a topic: records could come back, \
         or outlive their tier. Names that differ in `.` and `_` only count as one, since the broker's \
         metrics mix them up.",
    ),
    entry(
        "G0126",
        "a tier's events and the routes differ",
        "The tier counts from events that no route brings, or a route brings events from which the tier does \
         not count.",
    ),
    entry(
        "G0127",
        "refused records of a legal tier",
        "A record that must be kept by law, but cannot be treated, is only named in the quarantine: its bytes \
         end with the input topic. Say in the tier's `allow` how it is read again in time.",
    ),
    entry(
        "G0128",
        "too many tiers",
        "A set of tiers is one machine word: 64 at most, the shares of enabled recipients among them.",
    ),
    entry(
        "G0129",
        "a legal minimum without holidays",
        "The end of a legal minimum moves to the next business day, and the day by which it must be gone is the \
         fifth one after it. Without `holidays` only Saturdays and Sundays count as free: records may go too \
         early, and must be gone earlier than the notice says.",
    ),
    entry(
        "G0130",
        "a line format that cannot be compiled",
        "The format string of the server, or the regular expression, has a fault at this place.",
    ),
    entry(
        "G0131",
        "a field that the pattern does not have",
        "Fields of a `pattern` source are called `/name`, after the variable of nginx, the directive of \
         Apache, or the group of the expression.",
    ),
    entry(
        "G0132",
        "fields without item",
        "The pattern yields fields that no item names. They do not leave; say so with `do = \"drop\"`, so \
         that nobody has to wonder.",
    ),
    entry(
        "G0133",
        "an example that cannot be run",
        "An example has a source, and expects outputs in tiers of that source, nothing at all (`expect = {}`: the \
         record is treated, and no tier takes it), or a refusal.",
    ),
    entry(
        "G0134",
        "null values without a key",
        "A null value carries nothing but its key, and no key leaves without a rule.",
    ),
    entry(
        "G0135",
        "keys that do not go together",
        "The key has no meaning for this format, or the format cannot do what it asks.",
    ),
    entry("G0137", "not a duration", "Durations are written `72 hours`, `3 days`, `30 minutes`, `45 seconds`."),
    entry(
        "G0138",
        "holidays that cannot be read",
        "`holidays` names a file, from the policy's folder: `version = 1`, then a table for each year, `[2026]`, \
         with a line for each day on which nobody works, `2026-03-01 = \"3·1절\"`. Its bytes are no part of the \
         policy's digest: they move deadlines and change no output.",
    ),
    entry(
        "G0139",
        "a year without holidays",
        "Deadlines are counted up to six years ahead, so the file of holidays covers this year and six more. A year \
         that it lacks counts as having none: deadlines are then too early, never too late. Add its table.",
    ),
    entry(
        "G0140",
        "tenants are asked for, but there is none",
        "A tier with `tenants = true` derives its keys from a secret of the record's tenant, and a recipient with \
         `tenants` gets the records of these only. A source that leads there has to say where the tenant stands, and \
         an enabled recipient has to have one.",
    ),
    entry(
        "G0142",
        "no place for a seal",
        "Sealed originals go together into the member `sealed` of a JSON record, each with its path. Lines, keys, \
         headers, findings inside text, paths that end in `*` and what is said of a kind have no such place.",
    ),
    entry(
        "G0143",
        "a seal for a recipient",
        "No sealed value goes to a recipient. What is said of a tier is done for a recipient's share of it without the \
         seal; where `do` speaks of recipients, `seal` cannot stand.",
    ),
    entry(
        "G0144",
        "categories without a layout",
        "`[sources.X.categories.Y]` says which fields a record of one category has. `[layout]` says, once for all \
         sources, where a record names its category, its event and its time, below which member its fields stand, and \
         how input topics are called, with `{source}` in it. `[[also]]` with `events` needs it too.",
    ),
    entry(
        "G0150",
        "a sealed body without a place for its envelope",
        "A tier with `body = \"sealed\"` holds JSON records of which all lies in the member `sealed`. A line of text has \
         no members: let the `pattern` write JSON, or lead its records to another tier.",
    ),
    entry(
        "G0151",
        "an action that needs a member of a JSON object",
        "`present`, `generalize to family` and `parts` say something of a member: that it was there, of which family its \
         address is, that its own members are looked at one by one. A path that ends in `*`, a line, a key, a header, a \
         finding inside text and what is said of a kind are no member.",
    ),
    entry(
        "G0152",
        "a name under which no field can leave",
        "What stands behind `as` is the name of a member: letters, digits, `_` and `-`, 64 at most. `garim`, `sealed` and \
         names that end in `_token` are written by garim.",
    ),
    entry(
        "G0153",
        "two members of one name",
        "In this tier a field would leave under the name of another field of the same object, and a record that has both \
         would be refused. Give it another name.",
    ),
    entry(
        "G0155",
        "a legal minimum to the second",
        "`keep = \"12 hours\"`, `\"1 minute\"` and `\"90 seconds\"` end that long after the event, by the clock. What the law \
         asks for is counted by the calendar, with its holidays: days, months or years.",
    ),
    entry(
        "G0163",
        "a hash without a key",
        "Nothing is hashed without a key: of a telephone number, a birth date, an address or a registration number there \
         are so few values that whoever holds the hashes tries them all. `pseudonymize` is the keyed hash; its keys end \
         with the tier, and the tier's `algorithm` names the function (`blake3`, `hmac-sha256`).",
    ),
    entry(
        "G0164",
        "a mask that leaves a birth date",
        "The first six digits of a resident or foreigner registration number are its birth date, the seventh tells the \
         sex. Use `mask all`. `mask`, or `mask keep birth and sex`, may leave them where `allow` says why; what counts \
         characters leaves the sex never.",
    ),
    entry(
        "G0165",
        "tiers of the law that share with others",
        "Records that a law makes you keep are kept apart from others: no topic, key or reader is shared. A principal that \
         reads a group with a tier of `legal-minimum = true` reads no other group, and such a group holds nothing else.",
    ),
    entry(
        "G0166",
        "an item without purpose",
        "What is held serves a purpose that the notice names. A category says `purpose`; so does an item that stands under \
         a source beside categories. What only surrounds every record belongs in `[envelope]`, which needs none.",
    ),
    entry(
        "G0167",
        "personal data in a tier that holds none",
        "A tier with `personal = false` holds no token, no sealed value, no free text, no part of a name, number, address \
         of the network or identifier, and no record id; nor does a recipient's share of it. `drop` it there, say \
         `present`, or make it coarse enough to be nobody's.",
    ),
    entry(
        "G0168",
        "a category whose records go nowhere",
        "No `to` and no `[[also]]` leads the records of this category to a tier, so each would be refused.",
    ),
    entry(
        "G0169",
        "what categories and their sources cannot both say",
        "Where a source has categories, these say where its records go: it has no routes of its own. A category of every \
         source stands in the records of the others and has no `to`.",
    ),
    entry(
        "G0170",
        "people that can be told apart",
        "Three coarse traits (birth year, district, device) or two exact ones in one record single out people even where \
         nothing names them. Drop one, make it coarser, or say in the tier's `allow` why nobody is singled out.",
    ),
    entry(
        "G0171",
        "fields that no example shows",
        "The policy has examples, and none of them shows what becomes of these fields. Write one: a record of the \
         category, with the consent that it needs, which is not refused.",
    ),
    entry("G0172", "not a principal", "Readers are written as in the broker's ACLs: `User:archive`."),
    entry(
        "G0180",
        "`only` that does not narrow",
        "`only = { source = [tiers] }` says of which of its tiers a recipient gets the records of a source. Each is one \
         of its `tiers`, and there is at least one.",
    ),
    entry(
        "G0181",
        "a recipient gets more than the notice says",
        "`items` are the fields that the notice names for this recipient. Every other one has to be dropped in its \
         shares, by the classes in its `holds` or by its name in a `do`, whether it is enabled or not.",
    ),
    entry(
        "G0182",
        "not a country",
        "Where a recipient keeps what it gets is said by the two capital letters of ISO 3166-1; without, it is Korea.",
    ),
    entry(
        "G0183",
        "no ground for a recipient",
        "Who works for the controller (수탁업체) has a `duty`. Anybody else is a third party (제3자) and gets records \
         only by a `grant`: by separate consent, by law, or in an emergency, with the reason in words and the last day. \
         One of the two must stand there before the recipient is enabled.",
    ),
    entry(
        "G0184",
        "records abroad in clear",
        "An enabled recipient keeps what it gets in another country, and the settings say `allow-plaintext` and do not \
         encrypt. What goes abroad goes over a protected network.",
    ),
    entry(
        "G0185",
        "a grant that has ended",
        "After the last day of its grant a third party gets nothing; records are withheld from it and counted. `garim \
         check` knows what day it is.",
    ),
    entry("G0201", "the settings are not TOML", "The file breaks the grammar of TOML 1.0 at the place shown."),
    entry(
        "G0202",
        "an unknown setting",
        "No setting of garim has this name; what is not understood is never ignored. config/garim.toml shows every key. A variable GARIM__SECTION__KEY is `key` of `[section]`.",
    ),
    entry("G0203", "a setting is missing", "It has no default: write it, or set its variable GARIM__SECTION__KEY."),
    entry(
        "G0204",
        "a setting has a value that it cannot have",
        "The value is of another kind, outside of its bounds, or none of the choices. The message names what is allowed.",
    ),
    entry(
        "G0205",
        "a variable that is not set, or not allowed here",
        "`${NAME}` stands for a variable in brokers, group, instance and properties of the client library only; an unset variable is a fault, unless it has a default: `${NAME:-default}`.",
    ),
    entry(
        "G0206",
        "a property of the client library that is refused",
        "garim sets it itself, because exactly-once depends on it; or librdkafka knows neither the name nor the value. Names are those of its CONFIGURATION.md.",
    ),
    entry("G0207", "settings of a newer version", "A newer garim wrote this file; this one cannot tell what it means."),
    entry(
        "G0208",
        "records would cross the network unencrypted",
        "Input records are personal data. Set `security.protocol` to SSL or SASL_SSL, or say `allow-plaintext = true` where the network itself is protected.",
    ),
    entry(
        "G0209",
        "the file of a secret cannot be read",
        "A property `<name>_file` takes its value from that file. Look at the path and its rights.",
    ),
    entry(
        "G0210",
        "not a recipient of refused records",
        "`quarantine.recipient` is the public key that `age-keygen` prints (`age1...`). The private key, `AGE-SECRET-KEY-...`, stays with the people who open refused records; one that stood in a settings file is no secret any more, so make another pair.",
    ),
];
