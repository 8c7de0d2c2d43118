//! What is done to a value, resolved for every tier, and what speaks against it.

use std::ops::Range;

use super::action::{self, candidates, fits};
use super::condition::unknown;
use super::file::{Do, File, Rule};
use super::read::Typed;
use super::recipient::{RECIPIENTS, Shares};
use crate::diagnostic::Faults;
use crate::engine::plan::{Action, Actions};
use crate::kind::Kind;

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

/// Resolves `do`, `class` and `kind` to actions, and notes what speaks against them.
pub(super) struct Rules<'a> {
    file: &'a File,
    shares: &'a Shares,
    /// Whether something refers to the class at this index.
    pub(super) classes_used: Vec<bool>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(file: &'a File, shares: &'a Shares) -> Self {
        Self { file, shares, classes_used: vec![false; file.classes.len()] }
    }

    /// Kind and actions of an item, key or header; `reached` says which tiers its source writes to.
    pub(super) fn resolve(
        &mut self,
        rule: &Rule,
        place: Place,
        reached: &[bool],
        faults: &mut Faults,
    ) -> Option<(Kind, Vec<Actions>)> {
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
        let act = rule.act.as_ref().or(class.and_then(|class| class.act.as_ref()));
        let allowed = rule.allow.is_some() || class.is_some_and(|class| class.allow.is_some());
        let by_tier = match act {
            Some(act) => self.by_tier(act, reached, faults)?,
            None => return self.of_kind(kind, typed, faults).map(|actions| (kind, actions)),
        };
        let value = Value { kind, typed, place, allowed, legal_basis: rule.legal_basis.is_some() };
        let mut sound = true;
        for list in &by_tier {
            sound &= judge(list, &value, faults);
        }
        sound.then(|| (kind, plain(&by_tier)))
    }

    /// What is done to a finding of each kind inside text, by kind and tier.
    pub(super) fn found(&mut self, faults: &mut Faults) -> Option<Vec<Vec<Actions>>> {
        for rule in &self.file.kinds {
            let Some(kind) = kind(&rule.name, faults) else { continue };
            let Some(act) = &rule.act else { continue };
            let Some(by_tier) = self.by_tier(act, &self.all(), faults) else {
                continue;
            };
            let place = if (kind as usize) < Kind::FOUND { Place::Text } else { Place::Kind };
            let value = Value { kind, typed: &rule.name, place, allowed: rule.allow.is_some(), legal_basis: false };
            for list in &by_tier {
                judge(list, &value, faults);
            }
        }
        Kind::ALL.iter().take(Kind::FOUND).map(|kind| self.default_of(*kind, &mut Faults::default())).collect()
    }

    /// The actions of a kind for an item that says nothing itself.
    fn of_kind(&self, kind: Kind, typed: &Typed<String>, faults: &mut Faults) -> Option<Vec<Actions>> {
        if self.file.kinds.iter().all(|rule| rule.name.value != kind.name()) && default_words(kind).is_none() {
            let message = format!("nothing says what is done to this `{}`", kind.name());
            faults.error("G0111", typed.span.clone(), message).help =
                Some("write `do` or `class`; this kind has no action of its own".to_owned());
            return None;
        }
        self.default_of(kind, faults)
    }

    fn default_of(&self, kind: Kind, faults: &mut Faults) -> Option<Vec<Actions>> {
        if let Some(rule) = self.file.kinds.iter().find(|rule| rule.name.value == kind.name()) {
            return self.by_tier(rule.act.as_ref()?, &self.all(), faults).map(|by_tier| plain(&by_tier));
        }
        let action = action::parse(default_words(kind)?).ok()?;
        Some(vec![vec![action]; self.file.tiers.len() + self.shares.all.len()])
    }

    fn all(&self) -> Vec<bool> {
        vec![true; self.file.tiers.len()]
    }

    /// The actions of a `do` for each tier: by its name, else by its group, else the default; and for each share of a
    /// recipient: by its name, else by `recipients`, else what its tier has, but never the seal.
    fn by_tier(&self, act: &Typed<Do>, reached: &[bool], faults: &mut Faults) -> Option<Vec<Vec<Written>>> {
        let entries = match &act.value {
            Do::Same(words) => {
                let list = list(words, &act.span, faults)?;
                let mut by_tier = vec![list.clone(); self.file.tiers.len()];
                by_tier.resize(self.file.tiers.len() + self.shares.all.len(), unsealed(&list));
                return Some(by_tier);
            }
            Do::By(entries) => entries,
        };
        let groups = || self.file.tiers.iter().filter_map(|tier| tier.group.as_ref().map(Typed::as_str));
        let tiers = || self.file.tiers.iter().map(|tier| tier.name.as_str());
        let recipients = || self.file.recipients.iter().map(|recipient| recipient.name.as_str());
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
        let mut silent = Vec::new();
        let named = |wanted: &str| lists.iter().find(|(name, _)| *name == wanted).map(|(_, list)| list.clone());
        for (index, tier) in self.file.tiers.iter().enumerate() {
            let list = named(tier.name.as_str())
                .or_else(|| tier.group.as_ref().and_then(|group| named(group.as_str())))
                .or_else(|| named("default"));
            if list.is_none() && reached[index] {
                silent.push(tier.name.as_str());
            }
            // Where the source writes nothing, nothing is done; `drop` is what could do no harm.
            by_tier.push(list.unwrap_or_else(|| vec![(Action::Drop, act.span.clone())]));
        }
        for share in &self.shares.all {
            let own = named(self.file.recipients[share.recipient].name.as_str()).or_else(|| named(RECIPIENTS));
            let list = own.unwrap_or_else(|| unsealed(&by_tier[share.tier]));
            by_tier.push(list);
        }
        if sound && !silent.is_empty() {
            let message = format!("nothing says what is done in tier `{}`", silent.join("`, `"));
            faults.error("G0111", act.span.clone(), message).help = Some("add a `default`".to_owned());
            sound = false;
        }
        sound.then_some(by_tier)
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
        Kind::KrRrn | Kind::KrFrn => Some("mask all"),
        Kind::KrPhone | Kind::Email | Kind::CreditCard => Some("mask"),
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
            Ok(action) => list.push((action, word.span.clone())),
            Err(unread) => {
                let fault = faults.error("G0103", word.span.clone(), unread.message);
                fault.label = unread.label;
                fault.help = unread.help;
            }
        }
    }
    (list.len() == words.len()).then_some(list)
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
        if write.0 == Action::Drop {
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
    for (action, span) in list.iter().filter(|(action, _)| matches!(action, Action::Drop | Action::Keep)) {
        let (message, help) = match action {
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
    if let Some(count) = candidates(action, kind) {
        let words = action::words(action);
        let message = format!("`{words}` leaves {count} candidates for the kind `{}`", kind.name());
        if count < CANDIDATES_MIN {
            let fault = faults.error("G0108", span.clone(), message);
            fault.label = format!("fewer than {CANDIDATES_MIN} can be tried by hand");
            fault.help = Some("show less, or `pseudonymize`".to_owned());
        } else if count < CANDIDATES_WARN && !value.allowed {
            let fault = faults.warning("G0109", span.clone(), message);
            fault.label = format!("fewer than {CANDIDATES_WARN}");
            fault.help = Some("show less, or say in `allow = \"...\"` why this is needed".to_owned());
        }
    }
    let identifies = !matches!(kind, Kind::Time | Kind::Number | Kind::Code);
    if action == Action::Keep && identifies && !value.allowed {
        let message = format!("a value of the kind `{}` is kept as it is", kind.name());
        let fault = faults.warning("G0110", span.clone(), message);
        fault.related.push((value.typed.span.clone(), "the kind".to_owned()));
        fault.help = Some("treat it, or say in `allow = \"...\"` why it must stay".to_owned());
    }
}
