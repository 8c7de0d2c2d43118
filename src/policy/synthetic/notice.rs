//! What the services of the notice write: categories with their fields, events and what stands around them.
//!
//! Written by hand and apart from any policy file, so that a policy can be tried against it. The names are the notice's.

use super::Source;
use super::value::Value::{self, *};

/// A category of a service, as the notice lists it (구분).
#[derive(Debug)]
pub(super) struct Category {
    /// The value of the record's `category`.
    pub(super) name: &'static str,
    /// Records of a hundred of its service.
    pub(super) share: u64,
    /// What is collected always (필수), or arises by itself (자동).
    pub(super) required: &'static [(&'static str, Value)],
    /// What is collected by consent (선택).
    pub(super) optional: &'static [(&'static str, Value)],
    /// Its events, with their parts of a whole.
    pub(super) events: &'static [(&'static str, u64)],
    /// What a tenant's number begins with, where records have tenants.
    pub(super) tenant: Option<&'static str>,
    /// What a case's number begins with, where records belong to cases.
    pub(super) case: Option<&'static str>,
    /// What a person may have agreed to.
    pub(super) consent: &'static [Consent],
    /// The codes and numbers of the service itself.
    pub(super) facts: Facts,
}

/// What a person agrees to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// Optional items.
    Optional,
    /// By a guardian, to a child's items.
    Guardian,
    /// Advertising.
    Marketing,
    /// Analytics, in general.
    Analytics,
    /// Cookies.
    Cookies,
}

/// Codes and numbers that are of no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Facts {
    /// None.
    None,
    /// What was paid.
    Amount,
    /// What the contract is for.
    Plan,
    /// The service that an inquiry is about; not every record tells.
    Origin,
}

use Consent::{Analytics, Cookies, Guardian, Marketing, Optional};

/// The categories of a source; none where it is not a service of the notice.
pub(super) const fn categories(source: Source) -> &'static [Category] {
    match source {
        Source::KakaoWork => &KAKAOWORK,
        Source::KakaoWorkGov => &KAKAOWORK_GOV,
        Source::ConnectLive => &CONNECT_LIVE,
        Source::ConnectTalk => &CONNECT_TALK,
        Source::BizMessage => &BIZMESSAGE,
        Source::HeyKakaoDevice => &HEYKAKAO_DEVICE,
        Source::Partnership => &PARTNERSHIP,
        Source::Adoption => &ADOPTION,
        Source::Support => &SUPPORT,
        Source::Marketing => &MARKETING,
        Source::Web => &WEB,
        Source::AccessLog | Source::Reference => &[],
    }
}

/// A category of which nothing is said.
const PLAIN: Category = Category {
    name: "",
    share: 100,
    required: &[],
    optional: &[],
    events: &[],
    tenant: None,
    case: None,
    consent: &[],
    facts: Facts::None,
};

const OF_ADMIN: [(&str, u64); 9] = [
    ("login", 40),
    ("login_failed", 8),
    ("logout", 20),
    ("contract_signed", 8),
    ("offer_withdrawn", 4),
    ("contract_terminated", 4),
    ("settings_changed", 10),
    ("sanction", 3),
    ("abuse_detected", 3),
];

const OF_MEMBER: [(&str, u64); 12] = [
    ("login", 34),
    ("message", 25),
    ("read", 20),
    ("logout", 8),
    ("login_failed", 4),
    ("sanction", 2),
    ("abuse_detected", 1),
    ("message_sent", 1),
    ("message_resent", 1),
    ("profile_changed", 2),
    ("member_left", 1),
    ("member_removed", 1),
];

const OF_BILLING: [(&str, u64); 4] = [("payment", 4), ("refund", 1), ("supply", 2), ("tax_invoice_issued", 3)];

const OF_INQUIRY: [(&str, u64); 1] = [("inquiry_received", 1)];

const KAKAOWORK: [Category; 6] = [
    Category {
        name: "super_admin",
        share: 4,
        required: &[("org_name", Organisation), ("name", Name), ("login_id", Mail), ("password", Password)],
        optional: &[("mobile_phone", Mobile)],
        events: &OF_ADMIN,
        tenant: Some("t-"),
        consent: &[Optional, Analytics],
        facts: Facts::Plan,
        ..PLAIN
    },
    Category {
        name: "member",
        share: 80,
        required: &[("name", Name), ("login_id", Mail), ("password", Password)],
        optional: &[
            ("profile_photo", Photo),
            ("org_name", Organisation),
            ("job_rank", Rank),
            ("mobile_phone", Mobile),
            ("birth_date", Birth),
            ("kakao_member_no", MemberNumber),
            ("kakao_nickname", Nickname),
            ("kakao_profile_photo", Photo),
            ("kakao_account_email", AccountMail),
            ("additional_info", Additional),
        ],
        events: &OF_MEMBER,
        tenant: Some("t-"),
        consent: &[Optional, Analytics],
        ..PLAIN
    },
    Category {
        name: "billing",
        share: 6,
        required: &[
            ("card_bin", CardBin),
            ("tax_contact_name", Name),
            ("tax_contact_phone", Telephone),
            ("tax_contact_email", Mail),
        ],
        events: &OF_BILLING,
        tenant: Some("t-"),
        consent: &[Analytics],
        facts: Facts::Amount,
        ..PLAIN
    },
    Category {
        name: "reseller_application",
        share: 2,
        required: &[
            ("name", Name),
            ("email", Mail),
            ("contact_phone", Telephone),
            ("company_name", Organisation),
            ("department", Department),
            ("job_rank", Rank),
        ],
        events: &[("application_received", 1)],
        case: Some("a-"),
        ..PLAIN
    },
    Category {
        name: "adoption_inquiry",
        share: 2,
        required: &[
            ("name", Name),
            ("email", Mail),
            ("contact_phone", Telephone),
            ("company_name", Organisation),
            ("job_title", Rank),
        ],
        events: &OF_INQUIRY,
        case: Some("i-"),
        ..PLAIN
    },
    Category {
        name: "sap_expense",
        share: 6,
        optional: &[("credit_card_info", Card)],
        events: &[("expense_filed", 3), ("expense_approved", 1)],
        tenant: Some("t-"),
        consent: &[Optional],
        facts: Facts::Amount,
        ..PLAIN
    },
];

const KAKAOWORK_GOV: [Category; 3] = [
    Category {
        name: "super_admin",
        share: 6,
        required: &[
            ("org_name", Organisation),
            ("name", Name),
            ("login_id", Mail),
            ("password", Password),
            ("mobile_phone", Mobile),
        ],
        events: &OF_ADMIN,
        tenant: Some("g-"),
        consent: &[Analytics],
        facts: Facts::Plan,
        ..PLAIN
    },
    Category {
        name: "member",
        share: 88,
        required: &[("name", Name), ("login_id", Mail), ("password", Password)],
        optional: &[
            ("profile_photo", Photo),
            ("org_name", Organisation),
            ("job_rank", Rank),
            ("mobile_phone", Mobile),
            ("birth_date", Birth),
            ("additional_info", Additional),
        ],
        events: &OF_MEMBER,
        tenant: Some("g-"),
        consent: &[Optional, Analytics],
        ..PLAIN
    },
    Category {
        name: "billing",
        share: 6,
        required: &[
            ("tax_contact_name", Name),
            ("tax_contact_phone", Telephone),
            ("tax_contact_email", Mail),
            ("agency_name", Organisation),
            ("agency_reg_no", Registration),
            ("agency_address", Address),
            ("representative_name", OtherName),
        ],
        events: &OF_BILLING,
        tenant: Some("g-"),
        consent: &[Analytics],
        facts: Facts::Amount,
        ..PLAIN
    },
];

const CONNECT_LIVE: [Category; 3] = [
    Category {
        name: "account",
        share: 80,
        required: &[
            ("login_id", Mail),
            ("name", Name),
            ("company_name", Organisation),
            ("mobile_phone", Mobile),
            ("password", Password),
        ],
        events: &[
            ("login", 40),
            ("login_failed", 8),
            ("logout", 18),
            ("account_created", 5),
            ("contract_signed", 6),
            ("offer_withdrawn", 3),
            ("contract_terminated", 3),
            ("account_withdrawn", 3),
            ("room_opened", 8),
            ("sanction", 3),
            ("abuse_detected", 3),
        ],
        consent: &[Analytics],
        facts: Facts::Plan,
        ..PLAIN
    },
    Category {
        name: "billing",
        share: 10,
        required: &[("tax_contact_name", Name), ("tax_contact_phone", Telephone), ("tax_contact_email", Mail)],
        events: &OF_BILLING,
        consent: &[Analytics],
        facts: Facts::Amount,
        ..PLAIN
    },
    Category {
        name: "adoption_inquiry",
        share: 10,
        required: &[
            ("name", Name),
            ("job_title", Rank),
            ("email", Mail),
            ("mobile_phone", Mobile),
            ("company_name", Organisation),
            ("industry", Industry),
            ("employee_count", Headcount),
        ],
        optional: &[("homepage_url", Homepage)],
        events: &OF_INQUIRY,
        case: Some("i-"),
        consent: &[Optional],
        ..PLAIN
    },
];

const CONNECT_TALK: [Category; 1] = [Category {
    name: "message",
    required: &[
        ("name", Name),
        ("birth_date", Birth),
        ("user_id", UserId),
        ("profile_info", Profile),
        ("mobile_phone", Mobile),
    ],
    optional: &[("additional_info", Additional)],
    events: &[("message_sent", 6), ("message_resent", 2), ("message_read", 2), ("login", 1), ("sanction", 1)],
    tenant: Some("t-"),
    consent: &[Optional, Analytics],
    ..PLAIN
}];

const BIZMESSAGE: [Category; 1] = [Category {
    name: "message",
    required: &[("recipient_name", Name), ("recipient_phone", Mobile), ("message_content", Content)],
    events: &[("message_sent", 7), ("message_resent", 2), ("message_delivered", 1)],
    tenant: Some("t-"),
    consent: &[Analytics],
    ..PLAIN
}];

const HEYKAKAO_DEVICE: [Category; 1] = [Category {
    name: "device",
    required: &[("name", Name), ("user_id", UserId), ("voice_command_text", Voice), ("voice_audio", Audio)],
    optional: &[
        ("child_name", ChildName),
        ("child_birth_date", ChildBirth),
        ("child_gender", ChildGender),
        ("child_favorite_character", Favourite),
    ],
    events: &[("voice_command", 16), ("device_registered", 2), ("device_service_withdrawn", 1)],
    consent: &[Optional, Guardian, Analytics],
    ..PLAIN
}];

const PARTNERSHIP: [Category; 1] = [Category {
    name: "proposal",
    required: &[
        ("company_name", Organisation),
        ("name", Name),
        ("job_title", Rank),
        ("phone", Landline),
        ("email", Mail),
    ],
    events: &[
        ("proposal_registered", 7),
        ("proposal_dismissed", 1),
        ("proposal_refused", 1),
        ("proposal_withdrawn", 1),
    ],
    case: Some("p-"),
    ..PLAIN
}];

const ADOPTION: [Category; 1] = [Category {
    name: "consultation",
    required: &[
        ("company_name", Organisation),
        ("name", Name),
        ("job_title", Rank),
        ("contact_phone", Telephone),
        ("email", Mail),
    ],
    events: &OF_INQUIRY,
    case: Some("i-"),
    ..PLAIN
}];

const SUPPORT: [Category; 2] = [
    Category {
        name: "inquiry",
        share: 80,
        required: &[("email", Mail), ("mobile_phone", Mobile)],
        optional: &[("kakaowork_id", Mail), ("account_type", AccountType), ("workspace_name", Organisation)],
        events: &[("inquiry_received", 60), ("complaint", 15), ("dispute", 5), ("case_closed", 5)],
        case: Some("c-"),
        consent: &[Optional],
        facts: Facts::Origin,
        ..PLAIN
    },
    Category {
        name: "report",
        share: 20,
        required: &[
            ("name", Name),
            ("email", Mail),
            ("mobile_phone", Mobile),
            ("id_card_copy", IdCard),
            ("address", Address),
        ],
        events: &[("report_filed", 6), ("dispute", 3), ("complaint", 1), ("case_closed", 1)],
        case: Some("c-"),
        facts: Facts::Origin,
        ..PLAIN
    },
];

const MARKETING: [Category; 1] = [Category {
    name: "consent",
    optional: &[("marketing_contact", Contact)],
    events: &[("consent_given", 4), ("consent_withdrawn", 1)],
    consent: &[Optional, Marketing],
    ..PLAIN
}];

const WEB: [Category; 1] = [Category {
    name: "visit",
    required: &[
        ("cookie_id", CookieId),
        ("cookie_settings", CookieSettings),
        ("past_usage", PastUsage),
        ("visited_service", VisitedService),
        ("access_time", AccessTime),
        ("access_frequency", Frequency),
        ("usage_generated", UsageGenerated),
        ("behavior_info", Behaviour),
    ],
    events: &[("page_view", 7), ("search", 1), ("click", 2)],
    consent: &[Analytics, Cookies],
    ..PLAIN
}];
