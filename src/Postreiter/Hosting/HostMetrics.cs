using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Postreiter.Hosting;

/// <summary>Metrics of all rooms and of the runtime, for Prometheus at <c>/metrics</c> and by OTLP where it is set.</summary>
internal static class HostMetrics
{
    /// <summary>Collects metrics.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="otlp">Collector; empty for none.</param>
    public static void Configure(IServiceCollection services, string otlp) =>
        services
            .AddOpenTelemetry()
            .ConfigureResource(static resource => resource.AddService("postreiter"))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter("Postreiter.*").AddRuntimeInstrumentation().AddPrometheusExporter();
                if (otlp.Length > 0)
                    metrics.AddOtlpExporter(options => options.Endpoint = new Uri(otlp));
            });

    /// <summary>Serves <c>/metrics</c>.</summary>
    public static void Map(WebApplication app) => app.UseOpenTelemetryPrometheusScrapingEndpoint();

    /// <summary>Serves <c>/healthz</c>: 200 while the store answers, 503 otherwise.</summary>
    public static void MapHealth(WebApplication app, Func<CancellationToken, ValueTask<bool>> isHealthy) =>
        app.Map(
            "/healthz",
            branch =>
                branch.Run(async context =>
                {
                    var healthy = await isHealthy(context.RequestAborted);
                    context.Response.StatusCode = healthy
                        ? StatusCodes.Status200OK
                        : StatusCodes.Status503ServiceUnavailable;
                    context.Response.ContentType = "text/plain";
                    await context.Response.WriteAsync(
                        healthy ? "ok\n" : "the store does not answer\n",
                        context.RequestAborted
                    );
                })
        );
}
