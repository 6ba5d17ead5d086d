//go:build !(linux && (amd64 || arm64))

package python

// nativeModule says that there is none for this system.
func nativeModule() []byte { return nil }
