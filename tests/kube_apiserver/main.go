// One test binary with the few programs that a small real cluster needs.
//
//	kube_apiserver kube-apiserver FLAGS        the API server of Kubernetes
//	kube_apiserver etcd DATA_DIR               its store; prints "listening URL"
//	kube_apiserver compact URL                 makes that etcd forget its past
//	kube_apiserver namespace-controller FILE   deletes what a deleted
//	                                           namespace holds; FILE is a
//	                                           kubeconfig
//	kube_apiserver kubectl ARGS                the command line client
//
// With LIFELINE=stdin in the environment a program ends when its standard
// input does, so none of them outlives the test that started it, not even when
// that test is killed.
package main

import (
	"fmt"
	"io"
	"os"

	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if os.Getenv("LIFELINE") == "stdin" {
		go endWithStdin()
	}
	programs := map[string]func() int{
		"kube-apiserver": func() int {
			return cli.Run(apiserver.NewAPIServerCommand())
		},
		"etcd":                 func() int { return report(runEtcd(os.Args[1:])) },
		"compact":              func() int { return report(runCompact(os.Args[1:])) },
		"namespace-controller": func() int { return report(runNamespaceController(os.Args[1:])) },
		"kubectl": func() int {
			kubectlutil.CheckErr(
				cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
			return 0
		},
	}
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: %s kube-apiserver|etcd|compact|"+
			"namespace-controller|kubectl ARGS\n", os.Args[0])
		os.Exit(2)
	}
	run := programs[os.Args[1]]
	// The programs read os.Args themselves: let each see only its own.
	os.Args = os.Args[1:]
	os.Exit(run())
}

func endWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(1)
}

func report(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
	return 1
}
