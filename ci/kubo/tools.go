//go:build tools

// Package tools pins the IPFS daemon that the tests and the demo run against. It is never part of a build of its
// own: the import below only makes `go mod tidy` record kubo and all it needs, by hash, in go.sum.
package tools

import _ "github.com/ipfs/kubo/cmd/ipfs"
