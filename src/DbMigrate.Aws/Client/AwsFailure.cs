using System.Net.Sockets;
using System.Text.RegularExpressions;
using Amazon.Runtime;

namespace DbMigrate.Aws.Client;

/// <summary>
/// Says why a request to AWS failed, and what to do about it. What the SDK threw is not kept as a cause: it repeats a proxy's address with
/// its password, and signed headers with the session's token.
/// </summary>
internal static partial class AwsFailure
{
    /// <summary>The error to show.</summary>
    /// <param name="exception">What the SDK threw.</param>
    /// <param name="operation">The operation that was called.</param>
    /// <param name="subject">What it was about.</param>
    /// <param name="host">Where the request went.</param>
    public static DbMigrateException Explain(Exception exception, string operation, string subject, string host)
    {
        var causes = Causes(exception).ToList();
        if (causes.OfType<DbMigrateException>().FirstOrDefault() is { } ours)
        {
            return ours;
        }

        return causes.OfType<AmazonServiceException>().FirstOrDefault(e => e.ErrorCode is not null) is { } service
            ? FromService(service, operation, subject)
            : WithoutReply(exception, causes, operation, subject, host);
    }

    /// <summary>A reply that is not what the service's description says.</summary>
    public static DbMigrateException BadReply(string operation, string host, Exception cause) => new(
        "AwsBadReply",
        ErrorKind.Connection,
        $"{host} answered {operation} with something that is no reply of AWS: {Text(cause)}",
        "Look whether a proxy changes the traffic, and try again. Whether AWS has begun the work, Get-DbSnapshot or the console tells.") { Subject = host };

    /// <summary>The text without the user and password of an address.</summary>
    internal static string Redact(string text) => UserInfo().Replace(text, "***@");

    private static DbMigrateException LoginExpired(Exception exception, string subject) => new(
        "AwsLoginExpired",
        ErrorKind.Authentication,
        $"The single sign-on session for AWS has ended, or nobody has logged in: {Text(exception)}",
        "Run: aws sso login (with --profile, if one is used), then try again.") { Subject = subject };

    private static DbMigrateException FromService(AmazonServiceException e, string operation, string subject)
    {
        // The portal of single sign-on has words of its own.
        if (e.ErrorCode is "UnauthorizedException" or "InvalidGrantException")
        {
            return LoginExpired(e, subject);
        }

        var text = Text(e);
        var (id, kind, message, nextStep) = e.ErrorCode switch
        {
            "DBSnapshotNotFound" or "DBSnapshotNotFoundFault" or "DBClusterSnapshotNotFoundFault" => (
                "SnapshotNotFound", ErrorKind.NotFound, $"There is no snapshot '{subject}' in this account and region.",
                "List them with Get-DbSnapshot; check -Region and -ProfileName."),
            "DBSnapshotAlreadyExists" or "DBClusterSnapshotAlreadyExistsFault" => (
                "SnapshotExists", ErrorKind.Exists, $"There is a snapshot '{subject}' already, and this run did not take it.",
                "Give another name, or none: then it is made of the time."),
            "DBInstanceNotFound" or "DBInstanceNotFoundFault" or "DBClusterNotFoundFault" => (
                "InstanceNotFound", ErrorKind.NotFound, $"There is no instance or cluster '{subject}' in this account and region.",
                "List them with: aws rds describe-db-instances --query DBInstances[].DBInstanceIdentifier; check -Region and -ProfileName."),
            "DBInstanceAlreadyExists" or "DBInstanceAlreadyExistsFault" or "DBClusterAlreadyExistsFault" => (
                "InstanceExists", ErrorKind.Exists, $"There is an instance or cluster '{subject}' already, and this run did not make it.",
                "Give another name with -TargetId. A restore always makes a new instance."),
            "InvalidDBInstanceState" or "InvalidDBInstanceStateFault" or "InvalidDBClusterStateFault" => (
                "InvalidInstanceState", ErrorKind.InvalidState, $"'{subject}' is in no state for {operation}: {text}",
                "Wait until it is available: aws rds describe-db-instances shows its status; then try again."),
            "InvalidDBSnapshotState" or "InvalidDBSnapshotStateFault" or "InvalidDBClusterSnapshotStateFault" => (
                "InvalidSnapshotState", ErrorKind.InvalidState, $"The snapshot '{subject}' is in no state for {operation}: {text}",
                "Wait until Get-DbSnapshot shows it as available, then try again."),
            "SnapshotQuotaExceeded" or "SnapshotQuotaExceededFault" => (
                "SnapshotQuotaExceeded", ErrorKind.InvalidState, $"The account may have no more manual snapshots: {text}",
                "Remove old ones with Get-DbSnapshot and Remove-DbSnapshot, or have the quota raised."),
            "InstanceQuotaExceeded" or "InstanceQuotaExceededFault" or "StorageQuotaExceeded" or "StorageQuotaExceededFault"
                or "DBClusterQuotaExceededFault" => (
                "InstanceQuotaExceeded", ErrorKind.InvalidState, $"The account's quota leaves no room for '{subject}': {text}",
                "Delete an instance that nobody needs, or have the quota raised under Service Quotas, Amazon RDS."),
            "InsufficientDBInstanceCapacity" or "InsufficientDBInstanceCapacityFault" or "InsufficientDBClusterCapacityFault"
                or "InsufficientStorageClusterCapacity" => (
                "InstanceCapacity", ErrorKind.Busy, $"AWS has no room for such an instance just now: {text}",
                "Try again later, or give another instance class with -InstanceClass."),
            "PointInTimeRestoreNotEnabled" or "PointInTimeRestoreNotEnabledFault" => (
                "PointInTimeRestoreOff", ErrorKind.InvalidState, $"'{subject}' keeps no automated backups, so there is no time to go back to.",
                "Restore a snapshot instead: Get-DbSnapshot lists them. For the future set a backup retention period of one day or more."),
            "ResourceNotFoundException" => (
                "SecretNotFound", ErrorKind.NotFound, $"There is no secret '{subject}' in this account and region.",
                "List them with: aws secretsmanager list-secrets --query SecretList[].Name; check -Region and -ProfileName."),
            "DecryptionFailure" or "KMSKeyNotAccessibleFault" => (
                "AwsAccessDenied", ErrorKind.Permission, $"The key that '{subject}' is encrypted with cannot be used: {text}",
                "Have the key's owner allow your role kms:Decrypt, and look whether the key is enabled."),
            "AccessDenied" or "AccessDeniedException" or "UnauthorizedOperation" or "NotAuthorized" => (
                "AwsAccessDenied", ErrorKind.Permission, $"AWS does not allow {operation} on '{subject}': {text}",
                "See who you are with: aws sts get-caller-identity; have that role allowed the action that the message names."),
            "ExpiredToken" or "ExpiredTokenException" or "RequestExpired" or "TokenRefreshRequired" => (
                "AwsTokenExpired", ErrorKind.Authentication, "The AWS credentials of this session have expired.",
                "Get new ones (aws sso login, or what gave you the session token), then try again."),
            "InvalidClientTokenId" or "UnrecognizedClientException" or "InvalidAccessKeyId" or "AuthFailure" or "MissingAuthenticationToken"
                or "MissingAuthenticationTokenException" or "IncompleteSignature" or "OptInRequired" => (
                "AwsCredentialsInvalid", ErrorKind.Authentication, $"AWS does not know these credentials ({e.ErrorCode}).",
                "See which ones are used with: aws configure list; check AWS_ACCESS_KEY_ID, AWS_PROFILE and -ProfileName."),
            "SignatureDoesNotMatch" or "InvalidSignatureException" or "RequestTimeTooSkewed" => (
                "AwsCredentialsInvalid", ErrorKind.Authentication,
                $"AWS does not accept the signature ({e.ErrorCode}): the secret key is wrong, or this machine's clock.",
                "Check AWS_SECRET_ACCESS_KEY or the profile's secret key, and the clock."),
            "Throttling" or "ThrottlingException" or "ThrottledException" or "RequestLimitExceeded" or "RequestThrottled" or "RequestThrottledException"
                or "TooManyRequestsException" or "SlowDown" or "BandwidthLimitExceeded" => (
                "AwsThrottled", ErrorKind.Busy, $"AWS takes no more requests from this account just now ({operation}).",
                "Try again in a minute; AWS_MAX_ATTEMPTS raises the number of tries."),
            _ when (int)e.StatusCode >= 500 => (
                "AwsUnreachable", ErrorKind.Connection, $"AWS failed at {operation} of '{subject}' ({e.ErrorCode}): {text}", "Try again in a minute."),
            _ => (
                "AwsRefused", ErrorKind.InvalidArgument, $"AWS refused {operation} of '{subject}' ({e.ErrorCode}): {text}",
                "Correct what the message names, then try again."),
        };
        return new DbMigrateException(id, kind, message, nextStep) { Subject = subject };
    }

    private static DbMigrateException WithoutReply(Exception exception, List<Exception> causes, string operation, string subject, string host)
    {
        // "is an SSO profile. This type of profile is not allowed here" is what the SDK says when nobody has logged in.
        if (causes.Exists(e => e.Message.Contains("SSO", StringComparison.Ordinal)))
        {
            return LoginExpired(exception, subject);
        }

        if (causes.Any(e => e is HttpRequestException or SocketException or IOException or TimeoutException or OperationCanceledException))
        {
            return new DbMigrateException(
                "AwsUnreachable",
                ErrorKind.Connection,
                $"{operation} got no answer from {host}: {Text(causes[^1])}",
                "Check network, VPN and proxy (HTTPS_PROXY), and AWS_ENDPOINT_URL if it is set. A host without way to the internet needs a VPC endpoint.")
            { Subject = host };
        }

        return causes.Exists(e => e is AmazonClientException)
            ? new DbMigrateException(
                "AwsCredentialsMissing",
                ErrorKind.Authentication,
                $"There are no AWS credentials that can be used: {Text(exception)}",
                "Give -ProfileName, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; see what is found with: aws configure list")
            : new DbMigrateException(
                "AwsFailed", ErrorKind.Connection, $"{operation} of '{subject}' failed: {Text(exception)}",
                "Try again; if it stays so, report the text.") { Subject = subject };
    }

    private static IEnumerable<Exception> Causes(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
        }
    }

    private static string Text(Exception exception) => Redact(exception.Message).Trim().ReplaceLineEndings(" ");

    [GeneratedRegex(@"(?<=://)[^/\s@]*(?:@(?=[^/\s]*@)[^/\s@]*)*@")]
    private static partial Regex UserInfo();
}
