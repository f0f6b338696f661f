// A match model is found by its id.
// access: write
CREATE CONSTRAINT match_model_id_unique IF NOT EXISTS FOR (model:MatchModel) REQUIRE model.id IS UNIQUE
