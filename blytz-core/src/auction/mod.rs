//! The auction engine.

impl crate::wire::auction::RulesInput {
    pub(crate) fn check_at(&self, _pointer: &str, _faults: &mut crate::wire::Faults) {}
}
