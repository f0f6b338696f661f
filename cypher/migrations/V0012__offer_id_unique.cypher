// One node per offer.
// access: write
CREATE CONSTRAINT offer_id_unique FOR (offer:Offer) REQUIRE offer.id IS UNIQUE
