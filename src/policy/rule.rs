//! What is done to a value, resolved for every tier, and what speaks against it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::action::{self, candidates, fits};
use super::condition::unknown;
use super::file::{Belongs, Class, Do, File, Item, Rule, Tier};
use super::read::Typed;
use super::recipient::{RECIPIENTS, Shares, named};
use crate::diagnostic::Faults;
use crate::engine::plan::{Action, Actions};
use crate::find::json::is_reserved;
use crate::kind::Kind;
use crate::mask::{MaskShape, Part};
use crate::record::TierId;

/// Below so many candidates a mask is refused: whoever sees the rest can try them all by hand.
const CANDIDATES_MIN: u64 = 10_000;
/// Below so many candidates a mask is warned about: a program tries them in a blink.
const CANDIDATES_WARN: u64 = 1_000_000;

/// Where a treated value stands, which decides whether a token fits beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A member of a JSON object: `<field>_token` stands beside it.
    Member,
    /// Any member or element, `*`.
    Any,
    /// A line of text, or a field of one that is written back in its own format.
    Line,
    /// The message key or a header.
    Carrier,
    /// Inside free text.
    Text,
    /// Wherever a value of a kind stands of which nothing else is said.
    Kind,
}

impl Place {
    /// Why no token fits beside a value here; `None` where one does.
    const fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Member => None,
            Self::Any => Some("the path ends in `*`, so there is no name for a second field"),
            Self::Line => Some("a line keeps its own form; a `pattern` with `emit = \"json\"` can have both"),
            Self::Carrier => Some("a key or header holds one value"),
            Self::Text => Some("a finding inside text is replaced by one value"),
            Self::Kind => Some("what is said of a kind is one action; write both in the item or in a class"),
        }
    }

    /// Why nothing can be stated of a value here, nor its parts be taken; `None` where it can.
    const fn member_refusal(self) -> Option<&'static str> {
        match self {
            Self::Member => None,
            Self::Any => Some("the path ends in `*`; name the member"),
            Self::Line => Some("a line has no members; a `pattern` with `emit = \"json\"` has"),
            Self::Carrier => Some("a key or header is no member; `drop` it, or `pseudonymize` it"),
            Self::Text => Some("a finding inside text is no member; use `mask all`"),
            Self::Kind => Some("a kind also stands where there is no member; write it in the item or in a class"),
        }
    }

    /// Why no value can be sealed here; `None` where one can.
    const fn seal_refusal(self) -> Option<&'static str> {
        match self {
            Self::Member => None,
            Self::Any => Some("the path ends in `*`; name the members that shall be sealed"),
            Self::Line => Some("a line has no `sealed` member; a `pattern` with `emit = \"json\"` has"),
            Self::Carrier => Some("a key or header has no `sealed` member; `pseudonymize` it, or `drop` it"),
            Self::Text => Some("a finding inside text is no member; seal the whole text in its item"),
            Self::Kind => {
                Some("a kind also stands where nothing can be sealed; write `seal` in the item or in a class")
            }
        }
    }
}

/// An action and where it is written.
type Written = (Action, Range<usize>);

/// What a rule comes to.
pub(super) struct Ruling {
    pub(super) kind: Kind,
    /// By tier, then by share of a recipient.
    pub(super) actions: Vec<Actions>,
    /// The tiers and shares in which the value leaves under another name.
    pub(super) names: Vec<(TierId, Box<str>)>,
}

/// Resolves `do`, `class` and `kind` to actions, and notes what speaks against them.
pub(super) struct Rules<'a> {
    file: &'a File,
    shares: &'a Shares,
    /// Whether something refers to the class at this index.
    pub(super) classes_used: Vec<bool>,
    /// Where a `do` begins that says nothing of a reached tier, and that tier: a class that many sources use is told so once.
    silent: BTreeSet<(usize, usize)>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(file: &'a File, shares: &'a Shares) -> Self {
        Self { file, shares, classes_used: vec![false; file.classes.len()], silent: BTreeSet::new() }
    }

    /// Kind and actions of an item, or of a key or header; `reached` says which tiers its source writes to.
    pub(super) fn resolve(
        &mut self,
        rule: &Rule,
        item: Option<&Item>,
        place: Place,
        reached: &[bool],
        faults: &mut Faults,
    ) -> Option<Ruling> {
        let class = match &rule.class {
            None => None,
            Some(name) => match self.file.classes.iter().position(|class| class.name.value == name.value) {
                Some(index) => {
                    self.classes_used[index] = true;
                    Some(&self.file.classes[index])
                }
                None => {
                    unknown(faults, "class", name, self.file.classes.iter().map(|class| class.name.as_str()));
                    return None;
                }
            },
        };
        if let (Some(class), Some(act)) = (&rule.class, &rule.act) {
            let fault = faults.error("G0104", act.span.clone(), "`do` and `class` both say what is done");
            fault.related.push((class.span.clone(), "the class".to_owned()));
            fault.help = Some("keep one of the two".to_owned());
        }
        let typed = rule.kind.as_ref().or(class.and_then(|class| class.kind.as_ref()));
        let Some(typed) = typed else {
            faults.error("G0005", rule.span.clone(), "this needs `kind`: what sort of value it is").help =
                Some("write it here or in the class".to_owned());
            return None;
        };
        let kind = kind(typed, faults)?;
        let held = item.map_or_else(|| self.everywhere(), |item| self.held(item, kind, class));
        let act = rule.act.as_ref().or(class.and_then(|class| class.act.as_ref()));
        let allowed = rule.allow.is_some() || class.is_some_and(|class| class.allow.is_some());
        let mut by_tier = match act {
            Some(act) => {
                // A tier that does not hold the value needs no word about it.
                let asked: Vec<bool> = reached.iter().zip(&held).map(|(reached, held)| *reached && *held).collect();
                self.by_tier(act, &asked, faults)?
            }
            None => {
                let mut actions = self.of_kind(kind, typed, faults)?;
                for (list, _) in actions.iter_mut().zip(&held).filter(|(_, held)| !**held) {
                    *list = vec![Action::Drop];
                }
                return Some(Ruling { kind, actions, names: Vec::new() });
            }
        };
        let value = Value { kind, typed, place, allowed, legal_basis: rule.legal_basis.is_some() };
        let mut sound = true;
        for (list, held) in by_tier.iter_mut().zip(&held) {
            match held {
                true => sound &= judge(list, &value, faults),
                false => *list = vec![(Action::Drop, value.typed.span.clone())],
            }
        }
        let names = act.map_or_else(Vec::new, |act| names(&act.value, &by_tier));
        sound.then(|| Ruling { kind, actions: plain(&by_tier), names })
    }

    /// Which tiers, and behind them which shares of recipients, hold an item at all; the others drop it, whatever is
    /// said of it.
    fn held(&self, item: &Item, kind: Kind, class: Option<&Class>) -> Vec<bool> {
        let envelope = item.belongs == Belongs::Envelope;
        let listed = |holds: &Option<Vec<Typed<String>>>| match (holds, class) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(holds), Some(class)) => holds.iter().any(|name| name.value == class.name.value),
        };
        let tier = |tier: &Tier| {
            // A tier keeps its times as precisely as its own `time` says; they need no class for that.
            let of_class = envelope || kind == Kind::Time || listed(&tier.holds);
            of_class && !item.not_in.contains(&tier.name.value)
        };
        let mut held: Vec<bool> = self.file.tiers.iter().map(tier).collect();
        for share in &self.shares.all {
            // What a recipient gets is said to the letter: a time among the items needs its class, too.
            let of_class = envelope || listed(&self.file.recipients[share.recipient].holds);
            held.push(of_class && held[share.tier]);
        }
        held
    }

    fn everywhere(&self) -> Vec<bool> {
        vec![true; self.file.tiers.len() + self.shares.all.len()]
    }

    /// Complains of classes in a `holds` that there are not, or that stand there twice.
    pub(super) fn check_holds(&self, faults: &mut Faults) {
        let tiers = self.file.tiers.iter().map(|tier| ("tier", &tier.name, &tier.holds));
        let recipients = self.file.recipients.iter().map(|one| ("recipient", &one.name, &one.holds));
        for (what, owner, holds) in tiers.chain(recipients) {
            let holds = holds.as_deref().unwrap_or_default();
            let owner = format!("the {what} `{}` holds", owner.value);
            let known = || self.file.classes.iter().map(|class| class.name.as_str());
            named("class", &owner, holds, known, faults, |_| {});
        }
    }

    /// What is done to a finding of each kind inside text, by kind and tier.
    pub(super) fn found(&mut self, faults: &mut Faults) -> Option<Vec<Vec<Actions>>> {
        let file = self.file;
        for rule in &file.kinds {
            let Some(kind) = kind(&rule.name, faults) else { continue };
            let Some(act) = &rule.act else { continue };
            let Some(by_tier) = self.by_tier(act, &self.all(), faults) else { continue };
            let place = if (kind as usize) < Kind::FOUND { Place::Text } else { Place::Kind };
            let value = Value { kind, typed: &rule.name, place, allowed: rule.allow.is_some(), legal_basis: false };
            for list in &by_tier {
                judge(list, &value, faults);
            }
        }
        Kind::ALL.iter().take(Kind::FOUND).map(|kind| self.default_of(*kind, &mut Faults::default())).collect()
    }

    /// The actions of a kind for an item that says nothing itself.
    fn of_kind(&mut self, kind: Kind, typed: &Typed<String>, faults: &mut Faults) -> Option<Vec<Actions>> {
        if self.file.kinds.iter().all(|rule| rule.name.value != kind.name()) && default_words(kind).is_none() {
            let message = format!("nothing says what is done to this `{}`", kind.name());
            faults.error("G0111", typed.span.clone(), message).help =
                Some("write `do` or `class`; this kind has no action of its own".to_owned());
            return None;
        }
        self.default_of(kind, faults)
    }

    fn default_of(&mut self, kind: Kind, faults: &mut Faults) -> Option<Vec<Actions>> {
        let file = self.file;
        if let Some(rule) = file.kinds.iter().find(|rule| rule.name.value == kind.name()) {
            return self.by_tier(rule.act.as_ref()?, &self.all(), faults).map(|by_tier| plain(&by_tier));
        }
        let action = action::parse(default_words(kind)?).ok()?;
        Some(vec![vec![action]; self.everywhere().len()])
    }

    fn all(&self) -> Vec<bool> {
        vec![true; self.file.tiers.len()]
    }

    /// The actions of a `do` for each tier: by its name, else by its group, else the default; and for each share of a
    /// recipient: by its name, else by `recipients`, else what its tier has, but never the seal.
    fn by_tier(&mut self, act: &Typed<Do>, reached: &[bool], faults: &mut Faults) -> Option<Vec<Vec<Written>>> {
        let (file, shares) = (self.file, self.shares);
        let entries = match &act.value {
            Do::Same(words) => {
                let list = list(words, &act.span, faults)?;
                let mut by_tier = vec![list.clone(); file.tiers.len()];
                by_tier.resize(file.tiers.len() + shares.all.len(), unsealed(&list));
                return Some(by_tier);
            }
            Do::By(entries) => entries,
        };
        let groups = || file.tiers.iter().filter_map(|tier| tier.group.as_ref().map(Typed::as_str));
        let tiers = || file.tiers.iter().map(|tier| tier.name.as_str());
        let recipients = || file.recipients.iter().map(|recipient| recipient.name.as_str());
        let mut sound = true;
        let mut lists = Vec::new();
        for (name, words) in entries {
            let known = || ["default"].into_iter().chain(tiers()).chain(groups());
            let recipient = name.value == RECIPIENTS || recipients().any(|known| known == name.value);
            if !recipient && !known().any(|known| known == name.value) {
                unknown(faults, "tier, group or recipient", name, known().chain(recipients()));
                sound = false;
            }
            let list = list(words, &name.span, faults);
            let sealed = list.iter().flatten().find(|(action, _)| *action == Action::Seal);
            if let Some((_, span)) = sealed.filter(|_| recipient) {
                let fault = faults.error("G0143", span.clone(), "no sealed value goes to a recipient");
                fault.related.push((name.span.clone(), "a recipient".to_owned()));
                fault.help = Some("leave `seal` out; `drop` a value of which it gets nothing".to_owned());
                sound = false;
            }
            sound &= list.is_some();
            lists.push((name.as_str(), list.unwrap_or_default()));
        }
        let mut by_tier: Vec<Vec<Written>> = Vec::new();
        let (mut lacking, mut silent) = (false, Vec::new());
        let named = |wanted: &str| lists.iter().find(|(name, _)| *name == wanted).map(|(_, list)| list.clone());
        for (index, tier) in file.tiers.iter().enumerate() {
            let list = named(tier.name.as_str())
                .or_else(|| tier.group.as_ref().and_then(|group| named(group.as_str())))
                .or_else(|| named("default"));
            if list.is_none() && reached[index] {
                lacking = true;
                if sound && self.silent.insert((act.span.start, index)) {
                    silent.push(tier.name.as_str());
                }
            }
            // Where the source writes nothing, nothing is done; `drop` is what could do no harm.
            by_tier.push(list.unwrap_or_else(|| vec![(Action::Drop, act.span.clone())]));
        }
        for share in &shares.all {
            let own = named(file.recipients[share.recipient].name.as_str()).or_else(|| named(RECIPIENTS));
            let list = own.unwrap_or_else(|| unsealed(&by_tier[share.tier]));
            by_tier.push(list);
        }
        if !silent.is_empty() {
            let message = format!("nothing says what is done in tier `{}`", silent.join("`, `"));
            faults.error("G0111", act.span.clone(), message).help = Some("add a `default`".to_owned());
        }
        (sound && !lacking).then_some(by_tier)
    }
}

/// Reads the name of a kind.
pub(super) fn kind(typed: &Typed<String>, faults: &mut Faults) -> Option<Kind> {
    let kind = Kind::from_name(typed.as_str());
    if kind.is_none() {
        unknown(faults, "kind", typed, Kind::ALL.iter().map(|kind| kind.name()));
    }
    kind
}

/// What is done to a kind where the policy says nothing: the safe thing; `None` where nothing is safe to guess.
const fn default_words(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::KrRrn | Kind::KrFrn | Kind::KrDriverLicense | Kind::KrPassport => Some("mask all"),
        Kind::KrPhone | Kind::PhoneIntl | Kind::Email | Kind::CreditCard | Kind::BankAccount => Some("mask"),
        // A sole trader's number is a person's; a policy may say otherwise.
        Kind::KrBrn | Kind::KrHealthInsurance | Kind::KrVehiclePlate | Kind::PersonName => Some("mask"),
        Kind::Imei | Kind::Mac => Some("mask"),
        // It names a company, not a person.
        Kind::KrCrn => Some("keep"),
        Kind::Ip => Some("generalize to /24,/48"),
        Kind::Id => Some("pseudonymize"),
        Kind::Text => Some("scan"),
        Kind::Time | Kind::Code => Some("keep"),
        Kind::DateOfBirth => Some("generalize to year"),
        Kind::KrAddress => Some("generalize to district"),
        Kind::UserAgent => Some("generalize to device"),
        Kind::Url => Some("generalize to path"),
        Kind::Number => None,
    }
}

fn list(words: &[Typed<String>], span: &Range<usize>, faults: &mut Faults) -> Option<Vec<Written>> {
    if words.is_empty() {
        faults.error("G0111", span.clone(), "no action").help = Some("write `keep` or `drop`".to_owned());
        return None;
    }
    let mut list = Vec::new();
    for word in words {
        match action::parse(word.as_str()) {
            Ok(action) => {
                if let Some(name) = action::name(word.as_str()).filter(|name| !is_name(name)) {
                    let message = format!("a field cannot leave as `{name}`");
                    let fault = faults.error("G0152", word.span.clone(), message);
                    fault.help = Some(
                        "use letters, digits, `_` and `-`; `garim`, `sealed` and `..._token` are garim's own"
                            .to_owned(),
                    );
                }
                list.push((action, word.span.clone()));
            }
            Err(unread) => {
                let fault = faults.error(unread.code, word.span.clone(), unread.message);
                fault.label = unread.label;
                fault.help = unread.help;
            }
        }
    }
    (list.len() == words.len()).then_some(list)
}

/// Whether a field may be renamed so.
fn is_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !is_reserved(name.as_bytes()) && name.chars().all(legal) && name.len() <= 64
}

/// The names under which a value leaves, as the words say that stand behind its actions.
fn names(act: &Do, by_tier: &[Vec<Written>]) -> Vec<(TierId, Box<str>)> {
    let words: Vec<&Typed<String>> = match act {
        Do::Same(words) => words.iter().collect(),
        Do::By(entries) => entries.iter().flat_map(|(_, words)| words).collect(),
    };
    let named = |list: &[Written]| {
        let written = |word: &&&Typed<String>| list.iter().any(|(_, span)| *span == word.span);
        words.iter().filter(written).find_map(|word| action::name(word.as_str()))
    };
    let tiers = by_tier.iter().enumerate();
    let names = tiers.filter_map(|(index, list)| Some((TierId(u8::try_from(index).ok()?), named(list)?.into())));
    names.collect()
}

/// The actions without the seal; where nothing else is done, nothing leaves.
fn unsealed(list: &[Written]) -> Vec<Written> {
    let rest: Vec<Written> = list.iter().filter(|(action, _)| *action != Action::Seal).cloned().collect();
    match list.first() {
        Some((_, span)) if rest.is_empty() => vec![(Action::Drop, span.clone())],
        _ => rest,
    }
}

fn plain(by_tier: &[Vec<Written>]) -> Vec<Actions> {
    by_tier.iter().map(|list| list.iter().map(|(action, _)| *action).collect()).collect()
}

/// A value on which actions are judged.
struct Value<'a> {
    kind: Kind,
    /// Where its kind is written.
    typed: &'a Typed<String>,
    place: Place,
    allowed: bool,
    legal_basis: bool,
}

/// Notes all that speaks against these actions on this value; false if something refuses them.
fn judge(list: &[Written], value: &Value<'_>, faults: &mut Faults) -> bool {
    let before = faults.error_count();
    judge_list(list, value, faults);
    judge_seal(list, value, faults);
    judge_member(list, value, faults);
    for (action, span) in list {
        if let Err(advice) = fits(*action, value.kind) {
            let message = format!("`{}` does not apply to the kind `{}`", action::words(*action), value.kind.name());
            let fault = faults.error("G0106", span.clone(), message);
            fault.related.push((value.typed.span.clone(), "the kind".to_owned()));
            fault.help = Some(advice.to_owned());
        } else {
            judge_leak(*action, span, value, faults);
        }
    }
    faults.error_count() == before
}

fn judge_list(list: &[Written], value: &Value<'_>, faults: &mut Faults) {
    let writes: Vec<&Written> =
        list.iter().filter(|(action, _)| !matches!(action, Action::Pseudonymize | Action::Seal)).collect();
    let tokens: Vec<&Written> = list.iter().filter(|(action, _)| *action == Action::Pseudonymize).collect();
    if let [first, second, ..] = writes.as_slice() {
        let fault = faults.error("G0104", second.1.clone(), "two actions write the same value");
        fault.related.push((first.1.clone(), "the first".to_owned()));
        fault.help = Some("one action writes the value; `pseudonymize` and `seal` may stand beside it".to_owned());
    }
    if let [first, second, ..] = tokens.as_slice() {
        let fault = faults.error("G0104", second.1.clone(), "`pseudonymize` twice");
        fault.related.push((first.1.clone(), "the first".to_owned()));
    }
    if let ([write, ..], [token, ..]) = (writes.as_slice(), tokens.as_slice()) {
        if action::is_stated(write.0) || write.0 == Action::Parts {
            let message = format!("`{}` has no token beside it", action::words(write.0));
            let fault = faults.error("G0104", write.1.clone(), message);
            fault.related.push((token.1.clone(), "the token".to_owned()));
            fault.help = Some("leave `pseudonymize` out".to_owned());
        } else if write.0 == Action::Drop {
            let fault = faults.error("G0104", write.1.clone(), "a dropped value has no token beside it");
            fault.related.push((token.1.clone(), "the token".to_owned()));
            fault.help = Some("`pseudonymize` alone replaces the value by its token".to_owned());
        } else if let Some(reason) = value.place.refusal() {
            let fault = faults.error("G0105", token.1.clone(), "there is no place for the token");
            fault.label = "would stand beside the value".to_owned();
            fault.help = Some(reason.to_owned());
        }
    }
    if value.place == Place::Text {
        for (action, span) in list.iter().filter(|(action, _)| matches!(action, Action::Drop | Action::Scan)) {
            let message = format!("`{}` does not apply to what is found inside text", action::words(*action));
            faults.error("G0106", span.clone(), message).help =
                Some("use `mask all`, `mask` or `pseudonymize`".to_owned());
        }
    }
}

fn judge_seal(list: &[Written], value: &Value<'_>, faults: &mut Faults) {
    let mut seals = list.iter().filter(|(action, _)| *action == Action::Seal);
    let Some((_, seal)) = seals.next() else { return };
    if let Some((_, second)) = seals.next() {
        let fault = faults.error("G0104", second.clone(), "`seal` twice");
        fault.related.push((seal.clone(), "the first".to_owned()));
    }
    if let Some(reason) = value.place.seal_refusal() {
        let fault = faults.error("G0142", seal.clone(), "nothing can be sealed here");
        fault.label = "needs a member of a JSON object".to_owned();
        fault.help = Some(reason.to_owned());
    }
    let excluded = |action: &Action| matches!(action, Action::Drop | Action::Keep | Action::Parts);
    for (action, span) in list.iter().filter(|(action, _)| excluded(action)) {
        let (message, help) = match action {
            Action::Parts => (
                "an object whose parts leave is not sealed whole",
                "`seal` the parts that shall be sealed, in their own items",
            ),
            Action::Drop => (
                "a dropped value is not sealed",
                "`seal` alone: the value does not leave, and its original can be opened",
            ),
            _ => ("a sealed value stands beside its seal for all to read", "`seal` alone, or `mask` and `seal`"),
        };
        let fault = faults.error("G0104", span.clone(), message);
        fault.related.push((seal.clone(), "the seal".to_owned()));
        fault.help = Some(help.to_owned());
    }
}

/// Complains of actions that need a member of a JSON object where there is none.
fn judge_member(list: &[Written], value: &Value<'_>, faults: &mut Faults) {
    let Some(reason) = value.place.member_refusal() else { return };
    for (action, span) in list.iter().filter(|(action, _)| action::is_stated(*action) || *action == Action::Parts) {
        let message = format!("`{}` needs a member of a JSON object", action::words(*action));
        faults.error("G0151", span.clone(), message).help = Some(reason.to_owned());
    }
}

/// Complains of a mask of a registration number that leaves its birth date, whose next digit tells the sex; true if so.
fn judge_birth(action: Action, span: &Range<usize>, value: &Value<'_>, faults: &mut Faults) -> bool {
    let shown = match action {
        Action::Mask(MaskShape::Edges { first, .. }) => u16::from(first),
        Action::Truncate(count) => count,
        Action::Mask(MaskShape::Digits { first, .. }) => u16::from(first),
        // `880101-*******`
        Action::Mask(MaskShape::OfKind) => 6,
        // `880101-1******`
        Action::Mask(MaskShape::Part(Part::BirthAndSex)) => 7,
        _ => 0,
    };
    let named = matches!(action, Action::Mask(MaskShape::OfKind | MaskShape::Part(_)));
    let leaves = match shown {
        0..6 => return false,
        6 if value.allowed => return false,
        _ if named && value.allowed => return false,
        6 => "the birth date",
        7.. => "the birth date and the digit of the sex",
    };
    let message = format!("`{}` leaves {leaves} of a `{}`", action::words(action), value.kind.name());
    let fault = faults.error("G0164", span.clone(), message);
    fault.related.push((value.typed.span.clone(), "the kind".to_owned()));
    if matches!(action, Action::Mask(MaskShape::OfKind)) {
        fault.label = "and the digit of the sex, where a value comes as `880101-1******`".to_owned();
    }
    fault.help = Some(match shown {
        6 => "use `mask all` or `drop`, or say in `allow = \"...\"` why the birth date is needed".to_owned(),
        _ if named => "use `mask all` or `drop`, or say in `allow = \"...\"` why birth and sex are needed".to_owned(),
        _ => "use `mask all` or `drop`".to_owned(),
    });
    true
}

fn judge_leak(action: Action, span: &Range<usize>, value: &Value<'_>, faults: &mut Faults) {
    let kind = value.kind;
    let unique = matches!(kind, Kind::KrRrn | Kind::KrFrn);
    if unique
        && matches!(action, Action::Keep | Action::Pseudonymize | Action::Seal)
        && !(action != Action::Keep && value.legal_basis)
    {
        let done = match action {
            Action::Keep => "kept",
            Action::Seal => "sealed without a law",
            _ => "pseudonymized without a law",
        };
        let message = format!("a `{}` is never {done}", kind.name());
        let fault = faults.error("G0107", span.clone(), message);
        fault.related.push((value.typed.span.clone(), "the kind".to_owned()));
        fault.help = Some(match (action, value.place) {
            (Action::Keep, _) | (_, Place::Text) => "use `mask all` or `drop`".to_owned(),
            _ => "use `mask all` or `drop`, or name the law in `legal-basis`".to_owned(),
        });
        return;
    }
    if unique && judge_birth(action, span, value, faults) {
        return;
    }
    if let Some(count) = candidates(action, kind) {
        let words = action::words(action);
        let message = format!("`{words}` leaves {count} candidates for the kind `{}`", kind.name());
        // The network of an address is what `generalize to /24,/48` leaves as well.
        let coarse = matches!(action, Action::Mask(MaskShape::Part(Part::Network)));
        if count < CANDIDATES_MIN && !coarse {
            let fault = faults.error("G0108", span.clone(), message);
            fault.label = format!("fewer than {CANDIDATES_MIN} can be tried by hand");
            fault.help = Some("show less, or `pseudonymize`".to_owned());
        } else if count < CANDIDATES_WARN && !value.allowed {
            let fault = faults.warning("G0109", span.clone(), message);
            fault.label = format!("fewer than {CANDIDATES_WARN}");
            fault.help = Some("show less, or say in `allow = \"...\"` why this is needed".to_owned());
        }
    }
    // A corporation's number names no person.
    let identifies = !matches!(kind, Kind::Time | Kind::Number | Kind::Code | Kind::KrCrn);
    if action == Action::Keep && identifies && !value.allowed {
        let message = format!("a value of the kind `{}` is kept as it is", kind.name());
        let fault = faults.warning("G0110", span.clone(), message);
        fault.related.push((value.typed.span.clone(), "the kind".to_owned()));
        fault.help = Some("treat it, or say in `allow = \"...\"` why it must stay".to_owned());
    }
}
