//! Amounts as the API server lists them in a refusal: `limits.memory=1Gi,pods=1`.

use crate::model::Quantity;

/// The amounts by resource name; what is no amount is left out.
pub(super) fn amounts(text: &str) -> Vec<(&str, Quantity)> {
    text.split(',')
        .filter_map(|pair| {
            let (resource, amount) = pair.trim().split_once('=')?;
            Some((resource, amount.trim().parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::amounts;
    use crate::model::Quantity;

    #[test]
    fn amounts_are_read_by_resource() {
        assert_eq!(
            amounts("requests.cpu=400m,pods=1, odd"),
            [
                ("requests.cpu", Quantity::from_thousandths(400)),
                ("pods", Quantity::from_units(1)),
            ]
        );
    }
}
