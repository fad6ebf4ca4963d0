//! Which passages a sentence names: `[1]`, `[1,3]`, `［2］`, `【1】`.

/// A sentence without `[1]` and the like, and the numbers in the order in which they stand.
pub(super) fn without_citations(sentence: &str) -> (String, Vec<usize>) {
    let symbols: Vec<char> = sentence.chars().collect();
    let (mut text, mut cited) = (String::with_capacity(sentence.len()), Vec::new());
    let mut at = 0;
    while at < symbols.len() {
        match citation(&symbols[at..]) {
            Some((numbers, length)) => {
                cited.extend(numbers);
                at += length;
            }
            None => {
                text.push(symbols[at]);
                at += 1;
            }
        }
    }
    (text.trim().to_owned(), cited)
}

/// `[1]`, `[1,3]`, `［2］`, `【1】`.
fn citation(symbols: &[char]) -> Option<(Vec<usize>, usize)> {
    let close = match symbols.first()? {
        '[' => ']',
        '［' => '］',
        '【' => '】',
        _ => return None,
    };
    let end = symbols
        .iter()
        .take(16)
        .position(|symbol| *symbol == close)?;
    let inside: String = symbols[1..end].iter().collect();
    let numbers = inside
        .split([',', '，', '、', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect::<Option<Vec<usize>>>()?;
    (!numbers.is_empty()).then_some((numbers, end + 1))
}
