use super::Sighting;

/// Where an analyzer puts what it sees.
#[derive(Debug, Default)]
pub struct Sink {
    sightings: Vec<Sighting>,
}

impl Sink {
    /// Takes a sighting.
    pub fn report(&mut self, sighting: Sighting) {
        self.sightings.push(sighting);
    }

    pub(crate) fn into_sightings(self) -> Vec<Sighting> {
        self.sightings
    }
}
