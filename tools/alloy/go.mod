// In the name space of the module that it is built from, by which tools/gomodule.py finds the version.
module github.com/grafana/alloy/syntax/alloysyntax

go 1.26.5

tool github.com/grafana/alloy/syntax/alloysyntax

require github.com/grafana/alloy/syntax v0.1.1

require (
	github.com/fatih/color v1.19.0 // indirect
	github.com/mattn/go-colorable v0.1.15 // indirect
	github.com/mattn/go-isatty v0.0.22 // indirect
	golang.org/x/sys v0.46.0 // indirect
)
