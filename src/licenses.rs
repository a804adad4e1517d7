//! Licences and agreements: what each text allows and asks.
