//! Average linkage (UPGMA) down to a threshold, by chains of nearest neighbours (Murtagh 1983), in bounded memory.
//!
//! Two groups are joined only where their mean is at least the threshold, so that some pair between them is: groups never
//! reach across parts that no such pair links. The parts are found first, pair by pair, and only within a part all pairs are
//! kept. Means are symmetric and joining never brings two groups nearer to a third than its better half was, so the chain
//! finds what always joining the best pair would.

use std::collections::BTreeMap;

use super::pairs::Pairs;

/// By how much a part that is too large is held to be more alike.
const STRICTER: f32 = 0.05;

/// Groups of questions whose mean likeness is at least `least`; each with the most central member first. `weights` says how
/// often each question was asked. Of more than `most` that are linked, only the more alike are joined.
pub(super) fn groups(pairs: &Pairs, weights: &[f32], least: f32, most: usize) -> Vec<Vec<usize>> {
    let links = strongest_links(pairs, least);
    let mut parts = vec![((0..pairs.len()).collect::<Vec<_>>(), least)];
    let mut groups = Vec::new();
    while let Some((members, linked)) = parts.pop() {
        // Above 1 nothing is linked, so that this ends.
        for part in linked_parts(&members, &links, linked) {
            if part.len() > most {
                parts.push((part, linked + STRICTER));
            } else {
                groups.extend(joined(pairs, weights, &part, least));
            }
        }
    }
    groups
}

/// Two questions, and how alike they are.
#[derive(Clone, Copy, Debug)]
struct Link {
    a: usize,
    b: usize,
    likeness: f32,
}

/// The pairs that link whatever any pairs of at least `least` link, and as strongly: the maximum spanning trees (Prim 1957).
/// Every pair is looked at once, and none is kept.
fn strongest_links(pairs: &Pairs, least: f32) -> Vec<Link> {
    // What is just so alike is linked, too.
    let least = least.next_down();
    let mut links = Vec::new();
    // Those in no tree yet, ascending, with their strongest link into the trees.
    let mut outside: Vec<(usize, Option<Link>)> = (0..pairs.len()).map(|one| (one, None)).collect();
    while !outside.is_empty() {
        let strength = |link: &Option<Link>| link.map_or(0.0, |link| link.likeness);
        // The first of the strongest; without a link it begins a tree.
        let mut next = 0;
        for place in 1..outside.len() {
            if strength(&outside[place].1) > strength(&outside[next].1) {
                next = place;
            }
        }
        let (one, link) = outside.remove(next);
        links.extend(link);
        let measured = pairs.measure(one);
        for (other, link) in &mut outside {
            let floor = strength(link).max(least);
            if let Some(likeness) = measured.if_above(*other, floor) {
                *link = Some(Link {
                    a: one,
                    b: *other,
                    likeness,
                });
            }
        }
    }
    links
}

/// The parts of `members` between which no link is as strong as `linked`.
fn linked_parts(members: &[usize], links: &[Link], linked: f32) -> Vec<Vec<usize>> {
    let mut parents: BTreeMap<usize, usize> = members.iter().map(|&one| (one, one)).collect();
    for link in links.iter().filter(|link| link.likeness >= linked) {
        if !parents.contains_key(&link.a) || !parents.contains_key(&link.b) {
            continue;
        }
        let (a, b) = (root(&mut parents, link.a), root(&mut parents, link.b));
        parents.insert(a.max(b), a.min(b));
    }
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &one in members {
        parts.entry(root(&mut parents, one)).or_default().push(one);
    }
    parts.into_values().collect()
}

fn root(parents: &mut BTreeMap<usize, usize>, mut one: usize) -> usize {
    while parents[&one] != one {
        let above = parents[&parents[&one]];
        parents.insert(one, above);
        one = above;
    }
    one
}

/// The likeness of every two members of a part: the rows below the diagonal, one after the other.
#[derive(Clone)]
struct Matrix(Vec<f32>);

impl Matrix {
    fn of(pairs: &Pairs, members: &[usize]) -> Self {
        let size = members.len();
        let mut matrix = Self(vec![0.0; size * size.saturating_sub(1) / 2]);
        for (place, &one) in members.iter().enumerate() {
            let measured = pairs.measure(one);
            for (other, &second) in members.iter().enumerate().skip(place + 1) {
                *matrix.at(place, other) = measured.with(second);
            }
        }
        matrix
    }

    fn at(&mut self, a: usize, b: usize) -> &mut f32 {
        &mut self.0[Self::place(a, b)]
    }

    fn get(&self, a: usize, b: usize) -> f32 {
        self.0[Self::place(a, b)]
    }

    const fn place(a: usize, b: usize) -> usize {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        high * (high - 1) / 2 + low
    }
}

/// The groups of one part.
fn joined(pairs: &Pairs, weights: &[f32], part: &[usize], least: f32) -> Vec<Vec<usize>> {
    if let [only] = part {
        return vec![vec![*only]];
    }
    let likeness = Matrix::of(pairs, part);
    let mut means = likeness.clone();
    let mut sizes: Vec<f32> = part.iter().map(|&one| weights[one]).collect();
    let mut groups: Vec<Vec<usize>> = (0..part.len()).map(|place| vec![place]).collect();
    // Ascending; what is joined or has nobody near leaves it.
    let mut open: Vec<usize> = (0..part.len()).collect();
    let mut done = Vec::new();
    let mut chain: Vec<usize> = Vec::new();
    while let Some(&first) = open.first() {
        let last = *chain.last().unwrap_or(&first);
        if chain.is_empty() {
            chain.push(last);
        }
        let before = chain.len().checked_sub(2).map(|place| chain[place]);
        // Of equals the one before in the chain, then the first: or the chain would turn in a circle.
        let mut nearest: Option<(usize, f32)> = before.map(|one| (one, means.get(last, one)));
        for &other in open.iter().filter(|other| **other != last) {
            let mean = means.get(last, other);
            if nearest.is_none_or(|(_, best)| mean > best) {
                nearest = Some((other, mean));
            }
        }
        match nearest {
            Some((other, mean)) if mean >= least => {
                if Some(other) != before {
                    chain.push(other);
                    continue;
                }
                chain.truncate(chain.len() - 2);
                let (kept, gone) = (last.min(other), last.max(other));
                open.retain(|one| *one != gone);
                let (a, b) = (sizes[kept], sizes[gone]);
                for &third in open.iter().filter(|third| **third != kept) {
                    let mean = (a * means.get(kept, third) + b * means.get(gone, third)) / (a + b);
                    *means.at(kept, third) = mean;
                }
                sizes[kept] += b;
                let moved = std::mem::take(&mut groups[gone]);
                groups[kept].extend(moved);
            }
            // Nobody is near it, nor will be: joining others brings none nearer. With it goes the chain, whose other links
            // are each nearer to the next; they are taken up again.
            _ => {
                open.retain(|one| *one != last);
                done.push(last);
                chain.clear();
            }
        }
    }
    done.sort_unstable();
    done.into_iter()
        .map(|place| central_first(&likeness, weights, part, &groups[place]))
        .collect()
}

/// A group by how near each member is to all the others, the nearest first, as numbers of questions.
fn central_first(
    likeness: &Matrix,
    weights: &[f32],
    part: &[usize],
    group: &[usize],
) -> Vec<usize> {
    let nearness = |one: usize| -> f32 {
        let others = group.iter().map(|&other| {
            let likeness = match one == other {
                true => 1.0,
                false => likeness.get(one, other),
            };
            likeness * weights[part[other]]
        });
        others.sum()
    };
    let mut ranked: Vec<(usize, f32)> = group.iter().map(|&one| (one, nearness(one))).collect();
    // Equals in the order of the questions.
    ranked.sort_by(|(one, a), (other, b)| b.total_cmp(a).then(one.cmp(other)));
    ranked.into_iter().map(|(one, _)| part[one]).collect()
}
