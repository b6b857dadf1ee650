// Says what Argo Rollouts' own validation says of every case of a vector file: it reads the file, and writes it anew.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type vectors struct {
	Source string         `json:"source"`
	Base   map[string]any `json:"base"`
	Cases  []*vector      `json:"cases"`
}

type vector struct {
	Why    string          `json:"why"`
	Patch  json.RawMessage `json:"patch"`
	Errors []string        `json:"errors"`
}

// merged is the value with a merge patch (RFC 7386) made on it.
func merged(value, patch any) any {
	fields, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	result := map[string]any{}
	if old, ok := value.(map[string]any); ok {
		for key, field := range old {
			result[key] = field
		}
	}
	for key, field := range fields {
		if field == nil {
			delete(result, key)
		} else {
			result[key] = merged(result[key], field)
		}
	}
	return result
}

func said(base map[string]any, raw json.RawMessage) (errors []string, err error) {
	errors = []string{}
	defer func() {
		if trouble := recover(); trouble != nil {
			errors = append(errors, fmt.Sprintf("panic: %v", trouble))
		}
	}()
	var patch any
	if err = json.Unmarshal(raw, &patch); err != nil {
		return nil, err
	}
	text, err := json.Marshal(merged(base, patch))
	if err != nil {
		return nil, err
	}
	rollout := v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}}
	if err = json.Unmarshal(text, &rollout.Spec); err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	for _, wrong := range validation.ValidateRollout(&rollout) {
		errors = append(errors, wrong.Error())
	}
	return errors, nil
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	check(err)
	var all vectors
	check(json.Unmarshal(text, &all))
	for _, one := range all.Cases {
		one.Errors, err = said(all.Base, one.Patch)
		check(err)
	}
	out, err := os.Create(os.Args[1])
	check(err)
	defer out.Close()
	line := func(value any) string {
		text, err := json.Marshal(value)
		check(err)
		return string(text)
	}
	fmt.Fprintf(out, "{\n \"source\": %s,\n \"base\": %s,\n \"cases\": [\n", line(all.Source), line(all.Base))
	for i, one := range all.Cases {
		comma := ","
		if i == len(all.Cases)-1 {
			comma = ""
		}
		fmt.Fprintf(out, "  %s%s\n", line(one), comma)
	}
	fmt.Fprintln(out, " ]\n}")
}
