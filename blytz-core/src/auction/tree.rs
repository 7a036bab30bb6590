//! Merkle trees as RFC 6962 §2.1 has them: one signature under the root is one under every leaf.

use sha2::{Digest, Sha256};

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// The hash of a leaf. Its first byte keeps a leaf from being taken for a node.
pub(super) fn leaf(entry: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(entry).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A tree over at least one leaf.
#[derive(Debug)]
pub(super) struct Tree {
    /// From the leaves to the root: the nodes of each level. A last one without a neighbour moves up as
    /// it is.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    pub(super) fn of(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below.chunks(2).map(|pair| match pair {
                [left, right] => node(left, right),
                _ => pair[0],
            });
            levels.push(above.collect());
        }
        Self { levels }
    }

    /// None of a tree without leaves.
    pub(super) fn root(&self) -> Option<Hash> {
        self.levels.last()?.first().copied()
    }

    /// What stands beside the way from a leaf to the root, from the leaf on.
    pub(super) fn path(&self, index: usize) -> Vec<Hash> {
        let beside = self.levels.iter().enumerate().map(|(height, level)| level.get((index >> height) ^ 1));
        beside.flatten().copied().collect()
    }
}

/// The root that a path leads to from the leaf at `index` of `size`; none when it is no such leaf's path
/// (RFC 9162 §2.1.3.2).
pub(super) fn root_of(leaf: Hash, index: u64, size: u64, path: impl IntoIterator<Item = Hash>) -> Option<Hash> {
    let (mut place, mut last) = (index, size.checked_sub(1)?);
    if place > last {
        return None;
    }
    let mut hash = leaf;
    for beside in path {
        if last == 0 {
            return None;
        }
        if place % 2 == 1 || place == last {
            hash = node(&beside, &hash);
            while place % 2 == 0 && place != 0 {
                (place, last) = (place / 2, last / 2);
            }
        } else {
            hash = node(&hash, &beside);
        }
        (place, last) = (place / 2, last / 2);
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves and roots of certificate transparency's own reference tests.
    const ENTRIES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn leaves(size: usize) -> Vec<Hash> {
        ENTRIES[..size].iter().map(|entry| leaf(&hex::decode(entry).expect("hex"))).collect()
    }

    #[test]
    fn roots_are_those_of_the_standard() {
        for (size, root) in (1..).zip(ROOTS) {
            assert_eq!(hex::encode(Tree::of(leaves(size)).root().expect("leaves")), root, "{size} leaves");
        }
        assert_eq!(Tree::of(Vec::new()).root(), None);
    }

    #[test]
    fn a_path_leads_to_the_root_from_its_own_leaf_and_place_only() {
        for size in 1..=8_usize {
            let tree = Tree::of(leaves(size));
            for index in 0..size {
                let path = tree.path(index);
                let place = |index: usize, size: usize| (index as u64, size as u64);
                for (other, others) in (0..9).flat_map(|other| (0..10).map(move |others| (other, others))) {
                    let (at, of) = place(other, others);
                    let root = root_of(leaves(size)[index], at, of, path.iter().copied());
                    // Of another size, a path of the same shape may lead to the same root; the size is signed.
                    let is_ours = (other, others) == (index, size);
                    assert!(!is_ours || root == tree.root(), "leaf {index} of {size}");
                    assert!(others != size || other == index || root != tree.root(), "{index} as {other} of {size}");
                }
                let longer = path.iter().copied().chain([[0; 32]]);
                assert_ne!(root_of(leaves(size)[index], index as u64, size as u64, longer), tree.root());
                if let Some((_, shorter)) = path.split_last() {
                    let root = root_of(leaves(size)[index], index as u64, size as u64, shorter.iter().copied());
                    assert_eq!(root, None);
                }
            }
        }
    }
}
