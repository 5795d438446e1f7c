module manywire.dev/interop

go 1.19
