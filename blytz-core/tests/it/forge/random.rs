//! Random lots of every format, forged at random: what deciding again lets pass is another course by the
//! rules, and contradicts what the house signed before.

use blytz_core::auction::proof::{Trust, Viewer};
use proptest::{prelude::*, sample::Index};

use super::{
    Forger,
    changes::{changes, leaves},
};
use crate::proof::runs::{any_cancelled_run, any_run};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_forgery_is_refused_or_contradicts_a_kept_receipt(
        run in prop_oneof![6 => any_run(), 1 => any_cancelled_run()],
        viewer in prop_oneof![Just(Viewer::Public), Just(Viewer::Winner), Just(Viewer::Admin)],
        picks in prop::collection::vec(any::<(Index, Index, Index)>(), 1..4),
    ) {
        let honest = Forger::of(&run, viewer);
        let trust = run.trust();
        prop_assert!(honest.verdict(&trust).is_ok());
        let mut forged = honest.clone();
        for (place, leaf, change) in picks {
            let place = place.index(forged.events().len());
            let (path, value) = leaf.get(&leaves(&forged.events()[place])).clone();
            let changes = changes(path.rsplit('/').next().expect("a name"), &value);
            if !changes.is_empty() {
                *forged.events()[place].pointer_mut(&path).expect("it is there") = change.get(&changes).1.clone();
            }
        }
        forged.remake();
        prop_assume!(forged.proof != honest.proof);
        let kept = Trust { receipts: vec![honest.receipt()], ..trust.clone() };
        let said = forged.verdict(&kept);
        prop_assert!(said.is_err(), "{:?}", said);
        if forged.verdict(&trust).is_ok() {
            prop_assert!(said.expect_err("just seen").contains("a receipt that was kept"));
        }
    }
}
