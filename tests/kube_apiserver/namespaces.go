package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/pkg/controller/namespace"
)

// runNamespaceController runs what kube-controller-manager runs for
// namespaces and nothing else: it empties each terminating namespace, then
// lets go of its finalizer.
func runNamespaceController(args []string) error {
	if len(args) != 1 {
		return errors.New("one argument is needed, a kubeconfig")
	}
	config, err := clientcmd.BuildConfigFromFlags("", args[0])
	if err != nil {
		return err
	}
	// The controller waits for its own deletions; it must not wait for a
	// quota of requests too.
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM,
		os.Interrupt)
	defer stop()
	shared := informers.NewSharedInformerFactory(client, 5*time.Minute)
	controller := namespace.NewNamespaceController(ctx, client, objects,
		client.Discovery().ServerPreferredNamespacedResources,
		shared.Core().V1().Namespaces(), 5*time.Minute, v1.FinalizerKubernetes)
	shared.Start(ctx.Done())
	controller.Run(ctx, 2)
	return nil
}
