namespace System.Management.Automation;

public class PSObject(object obj)
{
    public object BaseObject => obj;
}
