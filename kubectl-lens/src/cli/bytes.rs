use std::str::FromStr;

use kubelens_core::model::Quantity;

/// A number of bytes, written as Kubernetes writes amounts: `4000`, `16k`, `16Ki`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) usize);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no number of bytes: write 4000, 16k or 16Ki");
        let amount: Quantity = text.parse().map_err(|_| wrong())?;
        let bytes = usize::try_from(amount.thousandths() / 1000).map_err(|_| wrong())?;
        if bytes == 0 {
            return Err(wrong());
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn bytes_are_written_as_kubernetes_writes_amounts() {
        assert_eq!("4000".parse(), Ok(Bytes(4000)));
        assert_eq!("16Ki".parse(), Ok(Bytes(16384)));
        for wrong in ["", "0", "-4", "many", "100m"] {
            assert!(wrong.parse::<Bytes>().is_err(), "{wrong}");
        }
    }
}
