// Alloysyntax reads a configuration of Grafana Alloy with Alloy's own parser and writes it as Alloy's own
// formatter would, or with -json as data: blocks, attributes and the text of their values.
//
// It stands in for `alloy validate`, which can't be built from the Go module proxy: Alloy needs forks of other
// modules that the proxy doesn't serve. What the components accept is checked elsewhere, from this data.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/grafana/alloy/syntax/ast"
	"github.com/grafana/alloy/syntax/parser"
	"github.com/grafana/alloy/syntax/printer"
)

type block struct {
	Name       string            `json:"name"`
	Label      string            `json:"label"`
	Attributes map[string]string `json:"attributes"`
	Blocks     []block           `json:"blocks"`
}

func main() {
	asData := flag.Bool("json", false, "write data instead of formatted text")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *asData); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(from io.Reader, to io.Writer, asData bool) error {
	source, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile("stdin", source)
	if err != nil {
		return err
	}
	if asData {
		read, err := body(file.Body)
		if err != nil {
			return err
		}
		return json.NewEncoder(to).Encode(read.Blocks)
	}
	formatted, err := text(file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to, formatted)
	return err
}

func body(statements ast.Body) (block, error) {
	read := block{Attributes: map[string]string{}, Blocks: []block{}}
	for _, statement := range statements {
		switch each := statement.(type) {
		case *ast.AttributeStmt:
			value, err := text(each.Value)
			if err != nil {
				return read, err
			}
			read.Attributes[each.Name.Name] = value
		case *ast.BlockStmt:
			inner, err := body(each.Body)
			if err != nil {
				return read, err
			}
			inner.Name, inner.Label = strings.Join(each.Name, "."), each.Label
			read.Blocks = append(read.Blocks, inner)
		}
	}
	return read, nil
}

func text(node ast.Node) (string, error) {
	var buffer bytes.Buffer
	err := printer.Fprint(&buffer, node)
	return buffer.String(), err
}
