//! The opening rules of a box: one for all its classes, and those of single classes.
//!
//! A refusal states the opening of one class for one account, so what is learned from it holds for that class name and that
//! account only.

use serde::Serialize;

use super::{Opening, Source};
use crate::model::account::Account;
use crate::text::fold;

/// The opening rules of a box.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpeningRules {
    /// The rule of all classes, as given in the config or by `boxes set`.
    pub of_box: Option<Opening>,
    /// The rules of single classes.
    pub by_class: Vec<ClassRule>,
}

/// The opening rule of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassRule {
    /// The name of the class. A given name may be part of it.
    pub class: String,
    /// The account for which it was learned; `None` for a given rule, which holds for all accounts.
    pub account: Option<Account>,
    /// The rule and its source.
    #[serde(flatten)]
    pub opening: Opening,
}

impl OpeningRules {
    /// The opening rule of a class for an account. The order of precedence is: the class's rule in the config, the class's
    /// rule by `boxes set`, the box's rule, what was learned for this class and account. Without a class name, only the
    /// box's rule is left.
    pub fn rule_for(&self, account: &Account, class: Option<&str>) -> Option<Opening> {
        match class {
            Some(class) => self.given(class).or_else(|| self.learned(account, class)),
            None => self.of_box,
        }
    }

    /// The rule that was given for a class or for the whole box.
    pub fn given(&self, class: &str) -> Option<Opening> {
        let class = fold(class);
        let of_class = |source| {
            let given = self
                .by_class
                .iter()
                .filter(|rule| rule.opening.source == source);
            let fitting = given.filter(|rule| class.contains(&fold(&rule.class)));
            // the longest name is the most exact one
            fitting.max_by_key(|rule| rule.class.chars().count())
        };
        let rule = of_class(Source::Config).or_else(|| of_class(Source::Set));
        rule.map(|rule| rule.opening).or(self.of_box)
    }

    /// What was learned for a class and an account, even if a given rule takes precedence.
    pub fn learned(&self, account: &Account, class: &str) -> Option<Opening> {
        let class = fold(class);
        let mut rules = self.by_class.iter();
        let rule =
            rules.find(|rule| rule.account.as_ref() == Some(account) && fold(&rule.class) == class);
        rule.map(|rule| rule.opening)
    }
}
