//! gRPC: the services of the notes, and a client that learns a schema by reflection.
