"""What scripts/compose-test stands on."""
