// One node per campaign.
// access: write
CREATE CONSTRAINT campaign_id_unique FOR (campaign:Campaign) REQUIRE campaign.id IS UNIQUE
