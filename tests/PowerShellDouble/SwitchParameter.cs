namespace System.Management.Automation;

public readonly struct SwitchParameter(bool isPresent)
{
    public bool IsPresent => isPresent;

    public static implicit operator bool(SwitchParameter switchParameter) => switchParameter.IsPresent;

    public static implicit operator SwitchParameter(bool value) => new(value);
}
