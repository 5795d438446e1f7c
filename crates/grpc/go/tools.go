//go:build tools

// Package tools names the programs that the tests build from other modules.
package tools

import _ "google.golang.org/grpc/interop/client"
