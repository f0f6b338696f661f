// There is one node for each slot of vectors.
// access: write
CREATE CONSTRAINT embedding_slot_unique IF NOT EXISTS
FOR (slot:EmbeddingSlot) REQUIRE slot.slot IS UNIQUE
