using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Postreiter.Storage;
using Postreiter.Storage.Mail;

namespace Postreiter.Control;

/// <summary>The server's side of the control socket. Who may open the socket (its mode is 0600) may do everything.</summary>
internal static class ControlEndpoints
{
    // L3's upper bound: what may be set as smtp.max_message_size.
    private const long MaxMessageBytes = 1L << 30;

    /// <summary>Adds the routes.</summary>
    /// <param name="routes">Where to.</param>
    /// <param name="control">Does the work.</param>
    /// <param name="isControl">Whether a connection came in by the control socket.</param>
    /// <param name="logger">Told of faults.</param>
    public static void Map(
        IEndpointRouteBuilder routes,
        IControl control,
        Func<HttpContext, bool> isControl,
        ILogger logger
    )
    {
        routes.MapPost(
            "/call/{verb}",
            context => GuardAsync(context, isControl, logger, () => CallAsync(context, control))
        );
        routes.MapPost(
            "/append",
            context => GuardAsync(context, isControl, logger, () => AppendAsync(context, control))
        );
        routes.MapGet(
            "/message",
            context => GuardAsync(context, isControl, logger, () => MessageAsync(context, control))
        );
    }

    /// <summary>The target of an append as a query.</summary>
    public static string AppendQuery(AppendTarget target) =>
        $"account={Uri.EscapeDataString(target.Account)}&mailbox={Uri.EscapeDataString(target.Mailbox)}&flags={(int)target.Flags}"
        + (
            target.Date is { } date
                ? $"&date={Uri.EscapeDataString(date.ToString("O", CultureInfo.InvariantCulture))}"
                : ""
        );

    private static async Task GuardAsync(
        HttpContext context,
        Func<HttpContext, bool> isControl,
        ILogger logger,
        Func<Task> handle
    )
    {
        if (!isControl(context))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        try
        {
            await handle();
        }
        catch (StoreException e)
        {
            logger.LogError(e, "A command over the control socket met a fault of the store");
            await WriteAsync(context, ControlReply.Failed(e.Message));
        }
        // Whoever gave the command reads here what the fault was, not the number of a status.
        catch (Exception e) when (e is not OperationCanceledException && !context.Response.HasStarted)
        {
            logger.LogError(e, "A command over the control socket met a fault");
            await WriteAsync(context, ControlReply.Failed($"the server met a fault: {e.Message}; its log has more"));
        }
    }

    private static async Task CallAsync(HttpContext context, IControl control)
    {
        JsonObject? arguments;
        try
        {
            arguments =
                await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted)
                as JsonObject;
        }
        catch (JsonException e)
        {
            await WriteAsync(context, ControlReply.Usage($"the call cannot be read: {e.Message}"));
            return;
        }

        var verb = context.Request.RouteValues["verb"] as string ?? "";
        await WriteAsync(context, await control.CallAsync(verb, arguments ?? [], context.RequestAborted));
    }

    private static async Task AppendAsync(HttpContext context, IControl control)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxMessageBytes;
        var query = context.Request.Query;
        var date = DateTimeOffset.TryParse(query["date"], CultureInfo.InvariantCulture, out var given)
            ? given
            : (DateTimeOffset?)null;
        _ = int.TryParse(query["flags"], NumberStyles.None, CultureInfo.InvariantCulture, out var flags);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var target = new AppendTarget(
            query["account"].ToString(),
            query["mailbox"].ToString(),
            (SystemFlags)(flags & 31),
            date
        );
        var message = body.GetBuffer().AsMemory(0, (int)body.Length);
        await WriteAsync(context, await control.AppendAsync(target, message, context.RequestAborted));
    }

    private static async Task MessageAsync(HttpContext context, IControl control)
    {
        var query = context.Request.Query;
        _ = uint.TryParse(query["uid"], NumberStyles.None, CultureInfo.InvariantCulture, out var uid);
        context.Response.ContentType = "message/rfc822";
        var found = await control.CopyMessageAsync(
            query["account"].ToString(),
            query["mailbox"].ToString(),
            uid,
            context.Response.Body,
            context.RequestAborted
        );
        if (!found)
            context.Response.StatusCode = StatusCodes.Status404NotFound;
    }

    private static Task WriteAsync(HttpContext context, ControlReply reply)
    {
        context.Response.ContentType = "application/json";
        var body = new JsonObject
        {
            ["exit"] = reply.ExitCode,
            ["message"] = reply.Message,
            ["rows"] = new JsonArray([.. reply.Rows]),
        };
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}
