using System.Net;
using System.Security;

namespace System.Management.Automation;

public sealed class PSCredential(string userName, SecureString password)
{
    public string UserName => userName;

    public SecureString Password => password;

    public NetworkCredential GetNetworkCredential() => new(userName, password);
}
